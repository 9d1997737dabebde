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
	// What was in the output's hands when it was dropped comes with its next
	// try, and is not counted as lost then.
	counted := func() float64 {
		return rig.Metrics(t, cfg.Admin)[`sluice_output_lost_documents_total{output="elasticsearch.dead",reason="buffer_full"}`]
	}
	rig.Eventually(t, 60*time.Second, agentSays("what came and what is counted as lost are all", a), func() bool {
		return dead.Ledger.Has(0, 0) && dead.Ledger.Has(0, 400) && dead.Ledger.Came()+uint64(counted()) == lines // both requests in hand
	})
	shed := counted()
	a.Stop(t)
	t.Log(live.Ledger.Demand(t, map[int]uint64{0: lines}))
	b := dead.Ledger.Balance(map[int]uint64{0: lines})
	t.Logf("the dead output got %d and counts %.0f as lost, of %d; %.1f MiB on disk", b.Distinct, shed, lines, float64(size)/(1<<20))
	if b.Lost != uint64(shed) || b.Repeated != 0 || shed == 0 {
		t.Errorf("%d documents did not come and %.0f are counted as lost; %d repeated", b.Lost, shed, b.Repeated)
	}
	// The oldest go first, but for those that were on their way.
	first, last := missingRun(&dead.Ledger)
	if first > 20_000 || last-first+1 != b.Lost {
		t.Errorf("lines %d to %d are missing, %d in all: want one run of the oldest", first, last, b.Lost)
	}
}

// missingRun returns the first and the last line that did not come.
func missingRun(l *rig.Ledger) (first, last uint64) {
	first = lines
	for seq := range uint64(lines) {
		if !l.Has(0, seq) {
			first, last = min(first, seq), seq
		}
	}
	return first, last
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
