//go:build integration

package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

var points = flag.Int("points", 40, "system calls at which the agent is killed")

// TestKilledAtASystemCallItLosesAndRepeatsNothing kills the agent as it makes
// its k-th call of a kind. The count is each thread's own, as strace counts.
func TestKilledAtASystemCallItLosesAndRepeatsNothing(t *testing.T) {
	const most = 2 * time.Second // that an agent lives
	store := rig.NewStore(t, essim.Options{Strict: true})
	cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 4, 2000)
	ws.Start(t)
	all := syscallPoints()
	chosen := rand.New(rand.NewPCG(1, 1)).Perm(len(all))[:min(*points, len(all))]
	slices.Sort(chosen)
	struck := 0
	for _, i := range chosen {
		a := rig.Start(t, config, strace(t, all[i])...)
		select {
		case <-a.Exited():
			struck++
		case <-time.After(most):
		}
		a.Kill()
	}
	t.Logf("%d of %d points struck", struck, len(chosen))
	if struck*2 < len(chosen) {
		t.Errorf("only %d of %d points struck", struck, len(chosen))
	}
	restartAndDemand(t, store, config, ws.Stop(t))
}

// syscallPoints are strace rules: the kinds of calls that change what is on
// disk or sent, and as many of each as a thread makes within a second or two.
func syscallPoints() []string {
	var out []string
	for _, c := range []struct {
		calls string
		most  int
	}{
		{"openat", 20}, {"pwrite64", 14}, {"fdatasync", 8}, {"write", 8}, {"writev", 8}, {"fsync", 4},
		{"renameat", 2}, {"unlinkat", 2}, {"mkdirat", 2}, {"fallocate", 1},
	} {
		for k := range c.most {
			out = append(out, fmt.Sprintf("%s:signal=SIGKILL:when=%d", c.calls, k+1))
		}
	}
	return out
}
