//go:build integration

package faults

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math/rand/v2"
	"net"

	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

const damagedLines = 20_000

// ids keeps the id under which each line came.
type ids struct {
	mu sync.Mutex
	of map[uint64]string // guarded by mu
}

func (k *ids) add(_, id string, doc []byte) {
	_, seq, ok := rig.ReadLine(doc)
	if !ok {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[uint64]string{}
	}
	k.of[seq] = id
}

// damaged is an agent that has stopped: one destination has all its lines, the
// other none, and records of the buffer are damaged since.
type damaged struct {
	live, dead       *rig.Store
	liveIDs, deadIDs ids
	cfg              rig.Config
	config           string
	lines            uint64 // in the damaged records
	path             string // of the log
}

func newDamaged(t *testing.T, before func(d *damaged)) *damaged {
	t.Helper()
	d := &damaged{}
	d.live, d.dead = rig.NewStore(t, essim.Options{OnDoc: d.liveIDs.add}), rig.NewStore(t, essim.Options{OnDoc: d.deadIDs.add})
	d.dead.Down()
	d.cfg = rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t), Input: []string{`rotate_wait = "500ms"`}, Outputs: []string{
		rig.Elasticsearch("live", d.live.URL()), rig.Elasticsearch("dead", d.dead.URL()),
	}, More: []string{"agent {\n  shutdown_timeout = \"1s\"\n}\n"}}
	d.config = d.cfg.Write(t)
	d.path = filepath.Join(d.cfg.Logs(), "app.log")
	rig.WriteFile(t, d.path, damagedLines, func(dst []byte, i int) []byte {
		return rig.AppendLine(dst, 0, uint64(i), time.Now())
	})
	a := rig.Start(t, d.config)
	d.live.Await(t, a, damagedLines)
	if before != nil {
		before(d)
	}
	a.Stop(t)
	d.lines = flipBodies(t, d.cfg.BufferDir(), 3)
	return d
}

// flipBodies changes a byte in the bodies of some records, not the first or
// the last, and returns how many documents those have.
func flipBodies(t *testing.T, dir string, records int) (docs uint64) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(dir, "*.slg"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("segments: %v, %v", segments, err)
	}
	data, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	flipped := 0
	for at, n := 0, 0; flipped < records; n++ {
		i := bytes.Index(data[at:], []byte{'S', 'L', 'C', 'R', 1, 12})
		if i < 0 {
			t.Fatalf("only %d records were found", n)
		}
		at += i
		field := func(off int) int { return int(binary.LittleEndian.Uint32(data[at+off:])) }
		state, index, body := field(28), field(48), field(52)
		if n > 2 && n%3 == 0 && body > 0 {
			data[at+96+state+index+body/2] ^= 0x40
			docs += uint64(field(24))
			flipped++
		}
		at += 96 + state + index + body
	}
	if err := os.WriteFile(segments[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	return docs
}

func (d *damaged) deadPending(t *testing.T) func() bool {
	return func() bool {
		return rig.Metrics(t, d.cfg.Admin)[`sluice_output_pending_documents{output="elasticsearch.dead"}`] == 0
	}
}

// demandWhole starts the agent again and demands that all came, under the same
// ids, and nothing twice.
func (d *damaged) demandWhole(t *testing.T) {
	t.Helper()
	before := d.live.Sim().Counts()
	d.dead.Up(t)
	a := rig.Start(t, d.config)
	d.dead.Await(t, a, damagedLines)
	rig.Eventually(t, 20*time.Second, agentSays("nothing pending", a), d.deadPending(t))
	m := rig.Metrics(t, d.cfg.Admin)
	if got := m["sluice_buffer_reread_documents_total"]; got != float64(d.lines) || d.lines == 0 {
		t.Errorf("%v documents were read again, want %d; the agent says: %s", got, d.lines, a.Log())
	}
	a.Stop(t)
	t.Log(d.dead.Ledger.Demand(t, map[int]uint64{0: damagedLines}), d.lines, "of them read again")
	for seq, id := range d.liveIDs.of {
		if d.deadIDs.of[seq] != id {
			t.Fatalf("line %d has id %q, want %q", seq, d.deadIDs.of[seq], id)
		}
	}
	if after := d.live.Sim().Counts(); after != before {
		t.Errorf("the output that had all got more: %+v, before %+v", after, before)
	}
	if after := d.dead.Sim().Counts(); after.Duplicates > 0 {
		t.Errorf("documents came twice: %+v", after)
	}
}

func TestADamagedBlockIsReadAgainFromTheFile(t *testing.T) {
	newDamaged(t, nil).demandWhole(t)
}

func TestADamagedBlockIsReadAgainFromARotatedFileThatWasForgotten(t *testing.T) {
	d := newDamaged(t, func(d *damaged) {
		if err := os.Rename(d.path, d.path+".1"); err != nil {
			t.Fatal(err)
		}
		rig.Eventually(t, 20*time.Second, func() string { return "the rotated file is given up" }, func() bool {
			return rig.Metrics(t, d.cfg.Admin)[`sluice_input_files_watched{input="file.app"}`] == 0
		})
	})
	data, err := os.ReadFile(d.path + ".1")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	zw.Write(data)
	zw.Close()
	if err := os.WriteFile(d.path+".1.gz", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(d.path + ".1"); err != nil {
		t.Fatal(err)
	}
	d.demandWhole(t)
}

func TestADamagedBlockWhoseFileIsGoneIsCounted(t *testing.T) {
	d := newDamaged(t, nil)
	if err := os.Remove(d.path); err != nil {
		t.Fatal(err)
	}
	d.dead.Up(t)
	a := rig.Start(t, d.config)
	d.dead.Await(t, a, damagedLines-d.lines)
	rig.Eventually(t, 20*time.Second, agentSays("nothing pending", a), d.deadPending(t))
	m := rig.Metrics(t, d.cfg.Admin)
	if got := m[`sluice_output_lost_documents_total{output="elasticsearch.dead",reason="damaged"}`]; got != float64(d.lines) || d.lines == 0 {
		t.Errorf("%v documents are counted as lost, want %d", got, d.lines)
	}
	if got := m[`sluice_buffer_lost_documents_total{reason="its source is gone, or holds something else"}`]; got != float64(d.lines) {
		t.Errorf("%v documents are counted with the reason, want %d", got, d.lines)
	}
	if got := m[`sluice_output_lost_documents_total{output="elasticsearch.live",reason="damaged"}`]; got != 0 {
		t.Errorf("%v documents are counted for an output that had them", got)
	}
	if !a.LogHolds("documents of a damaged record are lost") {
		t.Error("the agent does not say so")
	}
	a.Stop(t)
	if b := d.dead.Ledger.Balance(map[int]uint64{0: damagedLines}); b.Lost != d.lines || b.Repeated > 0 {
		t.Errorf("%s, want %d lost", b, d.lines)
	}
}

// TestAKillWhileADamagedBlockIsReadAgainLosesNothing kills the agent at random
// moments of its first tenth of a second, over and over.
func TestAKillWhileADamagedBlockIsReadAgainLosesNothing(t *testing.T) {
	d := newDamaged(t, nil)
	d.dead.Up(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		a := rig.Start(t, d.config)
		rig.Pause(time.Duration(10+random.IntN(80)) * time.Millisecond)
		a.Kill()
	}
	a := rig.Start(t, d.config)
	rig.Eventually(t, 20*time.Second, agentSays("the admin address answers", a), func() bool {
		conn, err := net.Dial("tcp", d.cfg.Admin)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	d.dead.Await(t, a, damagedLines)
	rig.Eventually(t, 20*time.Second, agentSays("nothing pending", a), d.deadPending(t))
	a.Stop(t)
	log, err := os.ReadFile(d.config + ".log")
	if err != nil {
		t.Fatal(err)
	}
	again := bytes.Count(log, []byte("damaged record was read again"))
	t.Log(d.dead.Ledger.Demand(t, map[int]uint64{0: damagedLines}), again, "times a record was read again,",
		d.dead.Sim().Counts().Duplicates, "documents answered with 409")
	if again < 3 {
		t.Error("want three at least: nothing was read again")
	}
	for seq, id := range d.liveIDs.of {
		if d.deadIDs.of[seq] != id {
			t.Fatalf("line %d has id %q, want %q", seq, d.deadIDs.of[seq], id)
		}
	}
}
