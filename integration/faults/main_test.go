//go:build integration

// Package faults lets things go wrong around the real binary: signals, a full
// disk, a failing disk, dead destinations, a bad config at a reload.
package faults

import (
	"flag"
	"os"
	"testing"

	"github.com/renthub/sluice/integration/rig"
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(rig.Main(m))
}

// agentSays is a condition's text for rig.Eventually with the agent's words.
func agentSays(what string, a *rig.Agent) func() string {
	return func() string { return what + "; the agent says: " + a.Log() }
}
