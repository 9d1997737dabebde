//go:build integration

package faults

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// The buffer's limit, and lines that take about twice as much.
const (
	maxSize  = "64MiB"
	maxBytes = 64 << 20
	lines    = 150_000
)

// fullBuffer is an agent with two destinations, one of them dead, and more to
// read than the buffer holds.
func fullBuffer(t *testing.T, onFull string) (live, dead *rig.Store, cfg rig.Config, a *rig.Agent) {
	t.Helper()
	live, dead = rig.NewStore(t, essim.Options{}), rig.NewStore(t, essim.Options{})
	dead.Down()
	cfg = rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t), Limits: []string{`max_size = "` + maxSize + `"`}, Outputs: []string{
		rig.Elasticsearch("live", live.URL()),
		rig.Elasticsearch("dead", dead.URL(), `on_full = "`+onFull+`"`),
	}}
	config := cfg.Write(t)
	rig.WriteFile(t, filepath.Join(cfg.Logs(), "noise.log"), lines, func(dst []byte, i int) []byte {
		return rig.AppendNoise(dst, 0, uint64(i))
	})
	return live, dead, cfg, rig.Start(t, config)
}

func TestAFullBufferOfABlockingOutputLetsInputsWait(t *testing.T) {
	live, dead, cfg, a := fullBuffer(t, "block")
	// Nothing comes any more, though much is left.
	came, changed := live.Ledger.Came(), time.Now()
	for time.Since(changed) < 3*time.Second {
		if now := live.Ledger.Came(); now != came {
			came, changed = now, time.Now()
		}
		if !a.Running() {
			t.Fatalf("the agent ended and says: %s", a.Log())
		}
		rig.Pause(20 * time.Millisecond)
	}
	size := folderSize(t, cfg.BufferDir())
	t.Logf("full: %d of %d lines, %.1f MiB on disk", came, lines, float64(size)/(1<<20))
	if came == 0 || came >= lines {
		t.Errorf("%d of %d lines came while the buffer was to be full", came, lines)
	}
	if size > maxBytes+maxBytes/8 {
		t.Errorf("the buffer takes %d bytes, its limit is %d", size, maxBytes)
	}
	if m := rig.Metrics(t, cfg.Admin); m[`sluice_output_lost_documents_total{output="elasticsearch.dead",reason="buffer_full"}`] != 0 {
		t.Error("a blocking output lost documents")
	}
	dead.Up(t)
	live.Await(t, a, lines)
	dead.Await(t, a, lines)
	a.Stop(t)
	written := map[int]uint64{0: lines}
	t.Log(live.Ledger.Demand(t, written))
	t.Log(dead.Ledger.Demand(t, written))
}

func TestAFullBufferOfADroppingOutputCostsOnlyThatOutputAndIsCounted(t *testing.T) {
	live, dead, cfg, a := fullBuffer(t, "drop_oldest")
	live.Await(t, a, lines)
	size := folderSize(t, cfg.BufferDir())
	if size > maxBytes+maxBytes/8 {
		t.Errorf("the buffer takes %d bytes, its limit is %d", size, maxBytes)
	}
	dead.Up(t)
	pending := func() float64 {
		return rig.Metrics(t, cfg.Admin)[`sluice_output_pending_documents{output="elasticsearch.dead"}`]
	}
	rig.Eventually(t, 60*time.Second, agentSays("nothing pending", a), func() bool { return pending() == 0 && dead.Ledger.Came() > 0 })
	shed := rig.Metrics(t, cfg.Admin)[`sluice_output_lost_documents_total{output="elasticsearch.dead",reason="buffer_full"}`]
	a.Stop(t)
	t.Log(live.Ledger.Demand(t, map[int]uint64{0: lines}))
	b := dead.Ledger.Balance(map[int]uint64{0: lines})
	t.Logf("the dead output got %d and counts %.0f as lost, of %d; %.1f MiB on disk", b.Distinct, shed, lines, float64(size)/(1<<20))
	if b.Distinct+uint64(shed) != lines || b.Repeated != 0 || shed == 0 {
		t.Errorf("got %d documents and %.0f counted as lost, want %d in all; %d repeated", b.Distinct, shed, lines, b.Repeated)
	}
	// The oldest go first: what came is the end of the file.
	for seq := uint64(shed); seq < lines; seq += 1000 {
		if !dead.Ledger.Has(0, seq) {
			t.Fatalf("line %d did not come, though only the oldest %.0f were to be dropped", seq, shed)
		}
	}
}

func folderSize(t *testing.T, dir string) (size int64) {
	t.Helper()
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		if os.IsNotExist(err) { // removed while we looked
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}
