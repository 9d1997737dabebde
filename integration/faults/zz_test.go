//go:build integration

package faults

import (
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

func TestZZ(t *testing.T) {
	var p pace
	live := rig.NewStore(t, essim.Options{OnDoc: p.add})
	cfg := rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t), Outputs: []string{rig.Elasticsearch("lives", live.URL())}}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 4, 5000)
	ws.Start(t)
	a := rig.Start(t, config)
	live.Await(t, a, 500)
	p.take()
	for i := range 20 {
		rig.Pause(500 * time.Millisecond)
		rate, p50, p99 := p.take()
		m := rig.Metrics(t, cfg.Admin)
		t.Logf("%d: %.0f lines/s, p50 %s, p99 %s rows %.0f pend %.0f", i, rate, p50, p99, m["sluice_ingest_rows_total"], m[`sluice_output_pending_documents{output="elasticsearch.lives"}`])
	}
	ws.Stop(t)
	t.Log(a.Log())
	a.Kill()
}
