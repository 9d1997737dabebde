//go:build integration

package faults

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

func TestTenThousandFilesTakeLittleMemory(t *testing.T) {
	const files, each, most = 10_000, 5, 96 << 20
	store := rig.NewStore(t, essim.Options{})
	cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := cfg.Write(t)
	write := func(first uint64) {
		for i := range files {
			rig.WriteFile(t, filepath.Join(cfg.Logs(), fmt.Sprintf("%05d.log", i)), each, func(dst []byte, n int) []byte {
				return rig.AppendLine(dst, i, first+uint64(n), time.Now())
			})
		}
	}
	write(0)
	a := rig.Start(t, config)
	store.Await(t, a, files*each)
	write(each) // all of them again, to those that are known
	store.Await(t, a, 2*files*each)
	peak := rig.Memory(t, a.Pid())
	a.Stop(t)
	written := map[int]uint64{}
	for i := range files {
		written[i] = 2 * each
	}
	t.Logf("%s; peak memory %.1f MiB", store.Ledger.Demand(t, written), float64(peak)/(1<<20))
	if peak > most {
		t.Errorf("peak memory is %.1f MiB, want 96", float64(peak)/(1<<20))
	}
}
