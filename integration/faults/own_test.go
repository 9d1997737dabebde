//go:build integration

package faults

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// TestAnArchiveThatAReloadBringsIsNotRead has a glob that takes the archive in:
// to read it would never end.
func TestAnArchiveThatAReloadBringsIsNotRead(t *testing.T) {
	const n = 1000
	store := rig.NewStore(t, essim.Options{})
	dir := t.TempDir()
	cfg := rig.Config{Dir: dir, Input: []string{`poll = "200ms"`, `rescan = "200ms"`, `rotate_wait = "200ms"`}, Admin: rig.FreeAddress(t), Paths: []string{filepath.Join(dir, "logs", "**", "*")}, Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := cfg.Write(t)
	write := func(from int) {
		rig.WriteFile(t, filepath.Join(cfg.Logs(), "app.log"), n, func(dst []byte, i int) []byte {
			return rig.AppendLine(dst, 0, uint64(from+i), time.Now())
		})
	}
	write(0)
	a := rig.Start(t, config)
	store.Await(t, a, n)
	archive := filepath.Join(cfg.Logs(), "archive")
	cfg.Outputs = append(cfg.Outputs, fmt.Sprintf("output \"file\" \"archive\" {\n  path = %q\n}\n", archive))
	cfg.Write(t)
	a.Signal(t, syscall.SIGHUP)
	archived := func() float64 {
		return rig.Metrics(t, cfg.Admin)[`sluice_output_documents_total{output="file.archive"}`]
	}
	rig.Eventually(t, 20*time.Second, agentSays("the archive is there", a), func() bool {
		return rig.Metrics(t, cfg.Admin)[`sluice_output_state{output="file.archive",state="ok"}`] == 1
	})
	write(n)
	rig.Eventually(t, 20*time.Second, agentSays("lines are archived", a), func() bool { return archived() >= n })
	write(2 * n)
	store.Await(t, a, 3*n)
	rig.Pause(2 * time.Second) // long enough to find the archive by the poll
	a.Stop(t)
	t.Log(store.Ledger.Demand(t, map[int]uint64{0: 3 * n}))
}
