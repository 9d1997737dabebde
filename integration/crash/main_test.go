//go:build integration

// Package crash kills the real binary with SIGKILL at random moments and
// demands that no line is lost and none is stored twice.
package crash

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

var (
	cycles = flag.Int("cycles", 100, "how often the agent is killed")
	seed   = flag.Uint64("seed", 0, "of the moments of the kills and of the store's delays; 0 takes the time")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	os.Exit(rig.Main(m))
}
