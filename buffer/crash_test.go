package buffer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

// world is what a program outside of the log knows: what it appended, what it was told is on disk, and what its
// outputs have. It lives through crashes of the log.
type world struct {
	t        *testing.T
	where    string // for messages: the crash that was made
	nextDoc  int
	appended map[int]bool            // documents that were given to Append
	synced   map[int]bool            // documents whose ticket was done
	state    int                     // the highest state that was on disk for certain
	taken    map[string]map[int]bool // documents that each output has
	bySeq    map[uint64]int          // which document has which number; never two
	handed   map[string]uint64       // sequence after the last document that each cursor of this run was handed
	merges   int                     // records that were made of several
	segment  int64                   // size of segments
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, appended: map[int]bool{}, synced: map[int]bool{}, bySeq: map[uint64]int{},
		taken: map[string]map[int]bool{"a": {}, "b": {}}, handed: map[string]uint64{}, segment: 2200,
	}
}

func (w *world) clone(where string) *world {
	c := *w
	c.where = where
	c.appended, c.synced, c.bySeq = maps.Clone(w.appended), maps.Clone(w.synced), maps.Clone(w.bySeq)
	c.taken, c.handed = map[string]map[int]bool{}, map[string]uint64{}
	for name, docs := range w.taken {
		c.taken[name] = maps.Clone(docs)
	}
	return &c
}

func (w *world) errorf(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf("%s: %s", w.where, fmt.Sprintf(format, args...))
}

func (w *world) options(disk fsx.FS) buffer.Options {
	return buffer.Options{
		Dir: "/log", FS: disk, SegmentSize: w.segment, MaxSize: 1 << 20, MinFree: -1, Ballast: -1, HotBytes: 1,
		Damaged: func(d buffer.DamagedRecord) { w.errorf("damaged without damage: %+v", d) },
		Merge:   w.merge,
	}
}

// merge makes one record of up to four. Some cannot be merged at all.
func (w *world) merge(records []*buffer.Record) (index, body []byte, n int, err error) {
	if records[0].First%5 == 0 {
		return nil, nil, 0, errors.New("no merging today")
	}
	for _, r := range records[:min(len(records), 4)] {
		body = append(body, r.Body[:bytes.IndexByte(r.Body, 'x')]...)
		n++
	}
	w.merges++
	return []byte("index"), append(body, strings.Repeat("x", 150)...), n, nil
}

// cut makes a cut of one or two records. Its state names its last document.
func (w *world) cut(sizes ...int) []*buffer.Record {
	var cut []*buffer.Record
	for _, n := range sizes {
		var ids []string
		for range n {
			ids = append(ids, strconv.Itoa(w.nextDoc))
			w.appended[w.nextDoc] = true
			w.nextDoc++
		}
		cut = append(cut, &buffer.Record{
			Count: uint32(n), MinTime: 1, MaxTime: 2, Index: []byte("index"),
			Body: []byte(strings.Join(ids, " ") + " " + strings.Repeat("x", 200)),
		})
	}
	cut[len(cut)-1].State = []buffer.Entry{{Key: "last", Value: strconv.AppendInt(nil, int64(w.nextDoc-1), 10)}}
	return cut
}

func docs(w *world, item *buffer.Item) []int {
	fields := strings.Fields(string(item.Body))
	var out []int
	for _, f := range fields[:len(fields)-1] {
		id, err := strconv.Atoi(f)
		if err != nil {
			w.errorf("body %q was never appended", item.Body)
		}
		out = append(out, id)
	}
	if len(out) != int(item.Count) {
		w.errorf("record %d has %d documents, its count is %d", item.First, len(out), item.Count)
	}
	return out
}

// take reads up to max records with a cursor and acknowledges those that ack chooses. It returns the documents read.
func (w *world) take(c *buffer.Cursor, name string, max int, ack func(i int) bool) []int {
	var read []int
	for i := 0; i < max; i++ {
		item, err := c.TryNext()
		if err != nil || item == nil {
			return read
		}
		for j, id := range docs(w, item) {
			seq := item.First + uint64(j)
			if other, known := w.bySeq[seq]; known && other != id {
				w.errorf("number %d was given to document %d and again to %d", seq, other, id)
			}
			w.bySeq[seq] = id
			if has(item.Taken, seq) {
				continue
			}
			if seq < w.handed[name] {
				w.errorf("cursor %s is handed number %d again", name, seq)
			}
			w.handed[name] = seq + 1
			read = append(read, id)
			if ack(i) {
				w.taken[name][id] = true
				c.Ack(seq, 1)
			}
		}
	}
	return read
}

func has(ranges []buffer.Range, seq uint64) bool {
	return slices.ContainsFunc(ranges, func(r buffer.Range) bool { return r.First <= seq && seq < r.End() })
}

// script is a small workload.
type script struct {
	runs   int  // how often the log is opened
	cuts   int  // appended by each run
	behind bool // cursor b leaves gaps and holds all segments; else both take all and segments are removed
	quiet  bool // most records may be deferred, and few are waited for
}

// work appends, reads and acknowledges until the disk fails or it is done.
func (w *world) work(disk *simdisk.Disk, s script) {
	for range s.runs {
		if !w.run(disk, s) {
			return
		}
	}
}

func (w *world) run(disk *simdisk.Disk, s script) (done bool) {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	l, err := buffer.Open(w.options(disk))
	if err != nil {
		return false
	}
	defer l.Close()
	w.nextDoc = lastDoc(l) + 1 // a source goes on where the log says it was
	w.handed = map[string]uint64{}
	a, err := l.Cursor("a", buffer.CursorOptions{From: buffer.Oldest})
	if err != nil {
		return false
	}
	b, err := l.Cursor("b", buffer.CursorOptions{From: buffer.Oldest})
	if err != nil {
		return false
	}
	for i := range s.cuts {
		cut := w.cut([]int{3, 1, 2}[:1+i%3]...)
		cut[0].Introduces = i == 2
		cut[0].Sync = i%2 == 0 && (!s.quiet || i%6 == 0)
		for _, r := range cut {
			r.Defer = s.quiet
		}
		last := w.nextDoc
		step, stop := context.WithTimeout(ctx, 8*time.Second)
		ticket, err := l.Append(step, cut)
		if err == nil && (i%3 != 1 && !s.quiet || i%6 == 5) {
			err = ticket.Wait(step)
			if err == nil {
				for id := range last {
					w.synced[id] = true
				}
				w.state = last - 1
			}
		}
		stop()
		if err != nil {
			return false
		}
		w.take(a, "a", 3, func(int) bool { return true })
		w.take(b, "b", 4, func(j int) bool { return !s.behind || i > 3 || j%2 == 1 })
		synctest.Wait()
		if i%3 == 1 {
			time.Sleep(150 * time.Millisecond) // fake time: cursors are written
		}
	}
	time.Sleep(1100 * time.Millisecond)
	return l.Close() == nil
}

// check opens the log after a crash and compares it with what the world knows.
func (w *world) check(disk *simdisk.Disk) {
	l, err := buffer.Open(w.options(disk))
	if err != nil {
		w.errorf("open: %v", err)
		return
	}
	defer l.Close()
	if r := l.Recovery(); len(r.Lost) > 0 || r.Quarantined > 0 {
		w.errorf("recovery reports a loss without damage: %+v", r)
	}
	state := lastDoc(l)
	if len(w.synced) > 0 && state < w.state {
		w.errorf("state is %d, but %d was on disk", state, w.state)
	}
	for _, name := range []string{"a", "b"} {
		w.checkCursor(l, name, state)
	}
}

// lastDoc is the document that the log's state names.
func lastDoc(l *buffer.Log) int {
	id, err := strconv.Atoi(string(l.State()["last"]))
	if err != nil {
		return -1
	}
	return id
}

func (w *world) checkCursor(l *buffer.Log, name string, state int) {
	c, err := l.Cursor(name, buffer.CursorOptions{From: buffer.Oldest})
	if err != nil {
		w.errorf("open cursor: %v", err)
		return
	}
	highest := uint64(0)
	for seq := range w.bySeq {
		highest = max(highest, seq)
	}
	if next := l.Stats().NextSeq; next <= highest {
		w.errorf("next number is %d, but %d was given", next, highest)
	}
	read := w.take(c, name, 1000, func(int) bool { return true })
	if !slices.IsSorted(read) || len(slices.Compact(slices.Clone(read))) != len(read) {
		w.errorf("cursor %s reads out of order or twice: %v", name, read)
	}
	for _, id := range read {
		if !w.appended[id] {
			w.errorf("cursor %s reads document %d, which nobody appended", name, id)
		}
		if id > state {
			w.errorf("cursor %s reads document %d of a cut that is not whole: it will come again", name, id)
		}
	}
	for id := range w.synced {
		if !w.taken[name][id] {
			w.errorf("cursor %s misses document %d, which was on disk", name, id)
		}
	}
	for id := 0; id <= state; id++ {
		if !w.taken[name][id] {
			w.errorf("state is %d, but cursor %s misses document %d", state, name, id)
		}
	}
}

func scripts() []script {
	return []script{
		{runs: 1, cuts: 9, behind: true},
		{runs: 1, cuts: 9},
		{runs: 3, cuts: 4, behind: true},
		{runs: 3, cuts: 4},
		{runs: 1, cuts: 14, behind: true, quiet: true},
		{runs: 1, cuts: 14, quiet: true},
		{runs: 3, cuts: 6, behind: true, quiet: true},
	}
}

// crashed runs a workload on a disk that crashes at an operation, and says whether it did.
func crashed(t *testing.T, s script, at int) (*world, *simdisk.Disk, bool) {
	w := newWorld(t)
	if s.quiet {
		w.segment = 4000 // room for some cuts
	}
	disk := simdisk.New()
	disk.CrashAt = at
	synctest.Test(t, func(t *testing.T) { w.t = t; w.work(disk, s) })
	w.t = t
	return w, disk, disk.Ops() >= at
}

func TestACrashAtAnyOperationLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	for n, s := range scripts() {
		for at := 1; ; at++ {
			w, disk, hit := crashed(t, s, at)
			for i, mode := range simdisk.Modes() {
				for seed := range uint64(3) {
					where := fmt.Sprintf("script %d, crash at %d, %s, seed %d", n, at, mode, seed)
					after := disk.Crash(mode, uint64(at*1000+i*10)+seed)
					synctest.Test(t, func(t *testing.T) {
						c := w.clone(where)
						c.t = t
						c.check(after)
					})
				}
			}
			if t.Failed() {
				return
			}
			if !hit {
				t.Logf("script %d: %d operations, %d documents, %d merged records", n, disk.Ops(), len(w.synced), w.merges)
				if s.quiet && w.merges < 2 {
					t.Errorf("script %d: nothing was merged", n)
				}
				break
			}
		}
	}
}

func TestACrashDuringRecoveryLosesNothing(t *testing.T) {
	t.Parallel()
	modes := []simdisk.Mode{simdisk.Kill, simdisk.LoseAll, simdisk.Sectors, simdisk.Entries}
	for n, s := range scripts() {
		for at := 10 + n; ; at += 17 {
			w, disk, hit := crashed(t, s, at)
			for i, mode := range modes {
				where := fmt.Sprintf("script %d, crash at %d, %s", n, at, mode)
				crashAgain(t, w, where, modes, func() *simdisk.Disk { return disk.Crash(mode, uint64(at*10+i)) })
			}
			if t.Failed() {
				return
			}
			if !hit {
				break
			}
		}
	}
}

// crashAgain recovers from a crash, with another one at each operation of that.
func crashAgain(t *testing.T, w *world, where string, modes []simdisk.Mode, crash func() *simdisk.Disk) {
	for at := 1; ; at++ {
		disk := crash()
		disk.CrashAt = at
		c := w.clone(where)
		synctest.Test(t, func(t *testing.T) {
			c.t = t
			c.run(disk, script{cuts: 2})
		})
		for i, mode := range modes {
			synctest.Test(t, func(t *testing.T) {
				d := c.clone(fmt.Sprintf("%s, then at %d, %s", where, at, mode))
				d.t = t
				d.check(disk.Crash(mode, uint64(at*10+i)))
			})
		}
		if disk.Ops() < at || t.Failed() {
			return
		}
	}
}
