//go:build integration

package destinations

import (
	"os"
	"testing"

	"github.com/renthub/sluice/integration/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// long says whether the long forms run: LONG=1.
func long() bool { return os.Getenv("LONG") != "" }
