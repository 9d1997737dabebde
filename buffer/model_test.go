package buffer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

// model is the log as a slice: its documents in order, and for each output which of them it has.
type model struct {
	docs    []string
	seqs    []uint64
	taken   map[string]map[uint64]bool
	state   map[string][]byte
	session map[string]uint64 // sequence after the last document handed out since the cursor was opened
}

// pending is what an output would read now: documents neither taken nor handed out.
func (m *model) pending(name string) []string {
	var out []string
	for i, seq := range m.seqs {
		if !m.taken[name][seq] && seq >= m.session[name] {
			out = append(out, m.docs[i])
		}
	}
	return out
}

// pair is the log and its model, and does the same to both.
type pair struct {
	t       *testing.T
	rng     *rand.Rand
	disk    *simdisk.Disk
	opts    buffer.Options
	log     *buffer.Log
	cursors map[string]*buffer.Cursor
	model   *model
}

func (p *pair) open() {
	p.log = open(p.t, p.opts)
	p.cursors = map[string]*buffer.Cursor{}
	for name := range p.model.taken {
		p.cursors[name] = openCursor(p.t, p.log, name, buffer.CursorOptions{From: buffer.Oldest})
		p.model.session[name] = 0
	}
}

func (p *pair) append() {
	var cut []*buffer.Record
	later := p.rng.IntN(3) > 0
	for range 1 + p.rng.IntN(3) {
		r := &buffer.Record{Defer: later, Count: uint32(p.rng.IntN(4)), Sync: p.rng.IntN(5) == 0, Introduces: p.rng.IntN(9) == 0}
		for i := range r.Count {
			doc := fmt.Sprintf("%d/%d", len(p.model.docs)+int(i), p.rng.IntN(1000))
			r.Body = append(r.Body, doc+" "...)
			p.model.docs = append(p.model.docs, doc)
		}
		r.Index = make([]byte, p.rng.IntN(200))
		key := fmt.Sprint(p.rng.IntN(5))
		e := buffer.Entry{Key: key, Value: fmt.Append(nil, p.rng.IntN(1000))}
		if p.rng.IntN(4) == 0 {
			e.Value = nil
			delete(p.model.state, key)
		} else {
			p.model.state[key] = e.Value
		}
		r.State = []buffer.Entry{e}
		cut = append(cut, r)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	if _, err := p.log.Append(ctx, cut); err != nil {
		p.t.Fatal(err)
	}
	for _, r := range cut {
		for i := range r.Count {
			p.model.seqs = append(p.model.seqs, r.First+uint64(i))
		}
	}
}

// mergeSome makes one record of up to five; of how many is up to the first.
func mergeSome(records []*buffer.Record) (index, body []byte, n int, err error) {
	for _, r := range records[:min(len(records), 5-len(records[0].Index)%4)] {
		body = append(body, r.Body...)
		index = append(index, r.Index...)
		n++
	}
	return index, body, n, nil
}

// read takes some records with a cursor, compares them with the model, and acknowledges some.
func (p *pair) read(name string) {
	synctest.Wait()
	if p.rng.IntN(2) == 0 {
		time.Sleep(2 * time.Second) // all is synced, so that nothing is held back
	}
	want := p.model.pending(name)
	for range 1 + p.rng.IntN(8) {
		item, err := p.cursors[name].TryNext()
		if err != nil {
			p.t.Fatal(err)
		}
		if item == nil {
			return
		}
		end := item.First + uint64(item.Count)
		docs := slices.Collect(bodyDocs(item))
		for i, doc := range docs {
			seq := item.First + uint64(i)
			if has(item.Taken, seq) {
				continue
			}
			if len(want) == 0 || doc != want[0] {
				p.t.Fatalf("cursor %s reads %q, want the first of %q", name, doc, want)
			}
			want = want[1:]
			if p.rng.IntN(5) > 0 {
				p.cursors[name].Ack(seq, 1)
				p.model.taken[name][seq] = true
			}
		}
		p.model.session[name] = end
	}
}

func bodyDocs(item *buffer.Item) func(func(string) bool) {
	return func(yield func(string) bool) {
		var doc []byte
		for _, b := range item.Body {
			if b != ' ' {
				doc = append(doc, b)
				continue
			}
			if !yield(string(doc)) {
				return
			}
			doc = doc[:0]
		}
	}
}

func (p *pair) restart() {
	closeLog(p.t, p.log)
	p.open()
}

// powerCut syncs and saves, and then cuts the power: the model need not know what is lost.
func (p *pair) powerCut() {
	if err := p.log.Sync(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	old := p.log
	p.disk = p.disk.Crash(simdisk.Modes()[p.rng.IntN(len(simdisk.Modes()))], p.rng.Uint64())
	p.opts.FS = p.disk
	closeLog(p.t, old)
	p.open()
}

func (p *pair) check() {
	if diff := cmp.Diff(p.log.State(), p.model.state); diff != "" {
		p.t.Fatalf("state (-got +want):\n%s", diff)
	}
	for name, c := range p.cursors {
		want := 0
		for _, seq := range p.model.seqs {
			if !p.model.taken[name][seq] {
				want++
			}
		}
		if got := c.Stats(); int(got.Pending) != want || got.Dropped+got.Damaged > 0 {
			p.t.Fatalf("cursor %s: %+v, want %d pending", name, got, want)
		}
	}
}

func TestTheLogBehavesAsASlice(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			p := &pair{t: t, rng: rand.New(rand.NewPCG(seed, 1)), disk: simdisk.New()}
			p.model = &model{
				taken: map[string]map[uint64]bool{"a": {}, "b": {}}, state: map[string][]byte{}, session: map[string]uint64{},
			}
			p.opts = buffer.Options{
				Dir: "/log", FS: p.disk, SegmentSize: 3000, MaxSize: 1 << 30, MinFree: -1, Ballast: -1,
				HotBytes: []int64{1, 1000, 1 << 20}[seed%3], Durability: buffer.Durability(seed % 4 % 3),
				History: buffer.History{Size: int64(seed%2) * 5000},
				Merge:   mergeSome,
				Damaged: func(d buffer.DamagedRecord) { t.Errorf("seed %d: damaged: %+v", seed, d) },
			}
			p.open()
			defer func() { p.log.Close() }()
			for range 150 {
				switch n := p.rng.IntN(100); {
				case n < 45:
					p.append()
				case n < 70:
					p.read("a")
				case n < 94:
					p.read("b")
				case n < 97:
					p.restart()
				default:
					p.powerCut()
				}
				p.check()
			}
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
