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

var points = flag.Int("points", 30, "system calls at which the agent is killed, out of 68")

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

// syscallPoints are strace rules: for each call, up to as many of them as a
// thread makes of it in a short run.
func syscallPoints() []string {
	var out []string
	for _, c := range []struct {
		call string
		most int
	}{
		{"write,writev", 12}, {"pwrite64", 12}, {"fdatasync", 6}, {"fsync", 4}, {"openat", 30}, {"rename,renameat,renameat2", 2}, {"unlink,unlinkat", 2},
	} {
		for k := 1; k <= c.most; k++ {
			out = append(out, fmt.Sprintf("%s:signal=SIGKILL:when=%d", c.call, k))
		}
	}
	return out
}
