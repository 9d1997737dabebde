//go:build integration

package faults

import (
	"syscall"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

func TestSIGTERMUnderLoadEndsCleanlyAndInTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		alive bool
		most  time.Duration // 25 s is the default of shutdown_timeout
	}{
		{"the destination answers", true, 10 * time.Second},
		{"the destination is away", false, 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := rig.NewStore(t, essim.Options{Strict: true})
			cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
			config := cfg.Write(t)
			ws := rig.NewWriters(cfg.Logs(), 4, 6000)
			ws.Start(t)
			a := rig.Start(t, config)
			store.Await(t, a, 5000)
			if !c.alive {
				store.Down()
				rig.Pause(500 * time.Millisecond)
			}
			asked := time.Now()
			a.Signal(t, syscall.SIGTERM)
			if code := a.ExitCode(t, 60*time.Second); code != 0 {
				t.Errorf("exit code %d; the agent says: %s", code, a.Log())
			}
			took := time.Since(asked)
			t.Logf("ended %s after SIGTERM", took.Round(time.Millisecond))
			if took > c.most {
				t.Errorf("took %s to end, want %s at most", took, c.most)
			}
			if !c.alive {
				store.Up(t)
			}
			restartAndDemand(t, store, config, ws.Stop(t))
		})
	}
}

func TestASecondSignalEndsAtOnceAndLosesNothing(t *testing.T) {
	store := rig.NewStore(t, essim.Options{Strict: true})
	cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 4, 6000)
	ws.Start(t)
	a := rig.Start(t, config)
	store.Await(t, a, 5000)
	store.Down() // so that the first signal alone would take shutdown_timeout
	rig.Pause(300 * time.Millisecond)
	a.Signal(t, syscall.SIGTERM)
	rig.Pause(300 * time.Millisecond)
	if !a.Running() {
		t.Fatalf("one signal ended it at once, with lines undelivered; the agent says: %s", a.Log())
	}
	asked := time.Now()
	a.Signal(t, syscall.SIGTERM)
	code := a.ExitCode(t, 10*time.Second)
	took := time.Since(asked)
	t.Logf("ended %s after the second signal, exit code %d", took.Round(time.Millisecond), code)
	if took > time.Second {
		t.Errorf("took %s to end, want a second at most", took)
	}
	store.Up(t)
	restartAndDemand(t, store, config, ws.Stop(t))
}

// restartAndDemand starts another agent and demands each line once.
func restartAndDemand(t *testing.T, store *rig.Store, config string, written map[int]uint64) {
	t.Helper()
	var total uint64
	for _, n := range written {
		total += n
	}
	a := rig.Start(t, config)
	store.Await(t, a, total)
	rig.Pause(500 * time.Millisecond) // for what should not come
	a.Stop(t)
	t.Log(store.Ledger.Demand(t, written))
}
