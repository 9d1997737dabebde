//go:build integration

// Package logrotate runs Debian's logrotate under load in each of its usual
// modes, and demands that the real binary ships every line once.
package logrotate

import (
	"flag"
	"os"
	"testing"

	"github.com/renthub/sluice/integration/rig"
)

var rotations = flag.Int("rotations", 12, "rotations in each mode")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(rig.Main(m))
}
