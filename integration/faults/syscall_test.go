//go:build integration

package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

var points = flag.Int("points", 40, "system calls at which the agent is killed, out of 160")

// TestKilledAtASystemCallItLosesAndRepeatsNothing kills the agent as it makes
// its k-th call of a kind. The count is each thread's own, as strace counts.
func TestKilledAtASystemCallItLosesAndRepeatsNothing(t *testing.T) {
	const perPoint = 500 // lines
	store := rig.NewStore(t, essim.Options{Strict: true})
	cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := cfg.Write(t)
	var written uint64
	struck, tried := 0, 0
	all := syscallPoints()
	chosen := rand.New(rand.NewPCG(1, 1)).Perm(len(all))[:min(*points, len(all))]
	slices.Sort(chosen)
	for _, i := range chosen {
		at := all[i]
		tried++
		rig.WriteFile(t, filepath.Join(cfg.Logs(), "app.log"), perPoint, func(dst []byte, i int) []byte {
			return rig.AppendLine(dst, 0, written+uint64(i), time.Now())
		})
		written += perPoint
		a := rig.Start(t, config, strace(t, at)...)
		deadline := time.Now().Add(20 * time.Second)
		for a.Running() && store.Ledger.Came() < written && time.Now().Before(deadline) {
			rig.Pause(2 * time.Millisecond)
		}
		if store.Ledger.Came() >= written { // it may yet be killed while it saves its cursors
			rig.Pause(50 * time.Millisecond)
		}
		if !a.Running() {
			struck++
		}
		a.Kill()
	}
	t.Logf("%d of %d points struck", struck, tried)
	if struck*3 < tried {
		t.Errorf("only %d of %d points struck", struck, tried)
	}
	restartAndDemand(t, store, config, map[int]uint64{0: written})
}

// syscallPoints are 160 strace rules.
func syscallPoints() []string {
	var out []string
	for _, k := range []int{1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 25, 30, 40, 55, 75, 100, 150} {
		for _, call := range []string{"write,writev", "pwrite64", "fdatasync", "fsync", "openat", "rename,renameat,renameat2", "unlink,unlinkat", "mkdir,mkdirat"} {
			out = append(out, fmt.Sprintf("%s:signal=SIGKILL:when=%d", call, k))
		}
	}
	return out
}
