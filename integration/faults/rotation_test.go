//go:build integration

package faults

import (
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// Files that rotate at the same time, while others are written to, must be
// found at once: the system reports each write, and what is new must not wait
// behind thousands of such reports.
func TestRotationDoesNotMakeLinesLate(t *testing.T) {
	const watch, late = 10 * time.Second, 250 * time.Millisecond
	var p pace
	store := rig.NewStore(t, essim.Options{OnDoc: p.add})
	cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 4, 5000) // they rotate every two seconds, all at once
	ws.Start(t)
	a := rig.Start(t, config)
	store.Await(t, a, 1000)
	p.take()
	rig.Pause(watch)
	rate, p50, p99 := p.take()
	t.Logf("%.0f lines/s, p50 %s, p99 %s", rate, p50, p99)
	if p99 > late {
		t.Errorf("p99 is %s, want %s at most", p99, late)
	}
	written := ws.Stop(t)
	store.Await(t, a, ws.Written())
	a.Stop(t)
	t.Log(store.Ledger.Demand(t, written))
}
