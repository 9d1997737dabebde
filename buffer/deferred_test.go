package buffer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

// quietLog opens a log whose records can be merged: their bodies are put in a row.
func quietLog(t *testing.T, disk fsx.FS) (*buffer.Log, *buffer.Cursor) {
	t.Helper()
	l := open(t, buffer.Options{
		Dir: "/log", FS: disk, MaxSize: 1 << 30, MinFree: -1, Ballast: -1, HotBytes: 1,
		Merge: func(records []*buffer.Record) (index, body []byte, n int, err error) {
			for _, r := range records {
				index, body = append(index, r.Index...), append(body, r.Body...)
			}
			return index, body, len(records), nil
		},
	})
	return l, openCursor(t, l, "main", buffer.CursorOptions{From: buffer.Oldest})
}

// small is a record of two documents that may be deferred. Its state is its number under a key that all have, and
// under one of its own.
func small(n int) *buffer.Record {
	r := record(n, 2)
	r.Body = fmt.Appendf(nil, "(body %d)", n)
	r.Defer = true
	r.State = []buffer.Entry{{Key: "last", Value: fmt.Append(nil, n)}, {Key: fmt.Sprint("own ", n), Value: []byte("x")}}
	return r
}

// onDisk lists the records in the files, as "first+count body".
func onDisk(t *testing.T, disk fsx.FS) (out []string, state []buffer.Entry) {
	t.Helper()
	r, err := buffer.OpenReaderOn(disk, "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, state
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d+%d %s", rec.First, rec.Count, rec.Body))
		state = append(state, rec.State...)
	}
}

func wantOnDisk(t *testing.T, disk fsx.FS, want ...string) {
	t.Helper()
	got, _ := onDisk(t, disk)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("on disk (-got +want):\n%s", diff)
	}
}

func wantDone(t *testing.T, ticket buffer.Ticket, want bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := ticket.Wait(ctx) == nil; got != want {
		t.Fatalf("ticket is done: %v, want %v", got, want)
	}
}

func TestDeferredRecordsAreHandedOutAtOnceAndWrittenAsOneWithTheNextSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l, c := quietLog(t, disk)
		defer closeLog(t, l)
		var last buffer.Ticket
		for n := range 3 {
			last = appendCut(t, l, small(n))
			synctest.Wait()
			if item, err := c.TryNext(); err != nil || item == nil || item.First != uint64(1+2*n) || item.Count != 2 || item.State != nil {
				t.Errorf("cursor is handed %+v, %v", item, err)
			}
		}
		wantOnDisk(t, disk)
		wantDone(t, last, false)
		if s := c.Stats(); s.Pending != 6 || s.Bytes == 0 {
			t.Errorf("cursor: %+v, want 6 pending", s)
		}
		if got := string(l.State()["last"]); got != "2" {
			t.Errorf("state is %q before the sync, want 2", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		wantDone(t, last, true)
		wantOnDisk(t, disk, "1+6 (body 0)(body 1)(body 2)")
		_, state := onDisk(t, disk)
		want := []buffer.Entry{{Key: "own 0", Value: []byte("x")}, {Key: "own 1", Value: []byte("x")},
			{Key: "last", Value: []byte("2")}, {Key: "own 2", Value: []byte("x")}}
		if diff := cmp.Diff(state, want); diff != "" {
			t.Errorf("state (-got +want):\n%s", diff)
		}
		if s := l.Stats(); s.UnsyncedBytes != 0 || s.SyncedSeq != 7 {
			t.Errorf("log: %+v", s)
		}
	})
}

func TestRecordsThatMayNotWaitAreWrittenAtOnceBehindThoseThatWait(t *testing.T) {
	cases := map[string]func(*buffer.Record){
		"one that was not deferred":    func(r *buffer.Record) { r.Defer = false },
		"one that cannot be had again": func(r *buffer.Record) { r.Sync = true },
		"one that introduces":          func(r *buffer.Record) { r.Introduces = true },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := simdisk.New()
				l, _ := quietLog(t, disk)
				defer closeLog(t, l)
				appendCut(t, l, small(0))
				appendCut(t, l, small(1))
				r := small(2)
				change(r)
				appendCut(t, l, r)
				wantOnDisk(t, disk, "1+4 (body 0)(body 1)", "5+2 (body 2)")
			})
		})
	}
}

func TestManyDeferredBytesAreWrittenBeforeTheSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l, _ := quietLog(t, disk)
		defer closeLog(t, l)
		for n := range 8 {
			r := small(n)
			r.Body = make([]byte, 10<<10)
			appendCut(t, l, r)
		}
		if got, _ := onDisk(t, disk); len(got) != 1 || !strings.HasPrefix(got[0], "1+14 ") {
			t.Errorf("%d records on disk, want one of the first 7 cuts", len(got))
		}
	})
}

func TestACursorIsHandedOfAMergedRecordOnlyWhatItWasNotHandedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c := quietLog(t, simdisk.New())
		defer closeLog(t, l)
		for n := range 3 {
			appendCut(t, l, small(n))
		}
		if item := next(t, c); item.Count != 2 {
			t.Errorf("cursor is handed %d documents, want 2", item.Count)
		}
		time.Sleep(2 * time.Second) // the small ones are forgotten
		c.Ack(4, 1)
		item := next(t, c)
		if diff := cmp.Diff(item.Taken, []buffer.Range{{First: 1, Count: 2}, {First: 4, Count: 1}}); item.First != 1 || item.Count != 6 || diff != "" {
			t.Errorf("record %d+%d, taken (-got +want):\n%s", item.First, item.Count, diff)
		}
		if item, err := c.TryNext(); item != nil || err != nil {
			t.Errorf("then it is handed %+v, %v", item, err)
		}
	})
}

func TestACursorGoesOnInTheMiddleOfAMergedRecordAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l, c := quietLog(t, disk)
		for n := range 3 {
			appendCut(t, l, small(n))
		}
		c.Ack(1, 3)
		closeLog(t, l)
		l, c = quietLog(t, disk)
		defer closeLog(t, l)
		item := next(t, c)
		if diff := cmp.Diff(item.Taken, []buffer.Range{{First: 1, Count: 3}}); item.First != 1 || item.Count != 6 || diff != "" {
			t.Errorf("record %d+%d, taken (-got +want):\n%s", item.First, item.Count, diff)
		}
	})
}

func TestACursorIsNotSavedBeyondWhatIsWritten(t *testing.T) {
	for _, mode := range simdisk.Modes() {
		synctest.Test(t, func(t *testing.T) {
			disk := simdisk.New()
			l, c := quietLog(t, disk)
			appendCut(t, l, small(0))
			appendCut(t, l, small(1))
			c.Ack(1, 4)
			time.Sleep(500 * time.Millisecond) // cursors are saved
			after := disk.Crash(mode, 1)
			closeLog(t, l)
			l, c = quietLog(t, after)
			defer closeLog(t, l)
			if got := l.Recovery(); len(got.Lost) > 0 {
				t.Errorf("%s: lost: %+v", mode, got.Lost)
			}
			if got := c.Stats(); got.Acked > 1 && got.Acked < 1<<20 {
				t.Errorf("%s: cursor stands at %d, and nothing was written", mode, got.Acked)
			}
			appendCut(t, l, small(0))
			if item := next(t, c); item.First < 1<<20 {
				t.Errorf("%s: number %d is given again", mode, item.First)
			}
		})
	}
}

// A record that is deferred while a sync is under way is not on disk after it.
func TestASyncMakesOnlyDurableWhatWasWrittenBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l, _ := quietLog(t, disk)
		var during buffer.Ticket
		asked := false
		disk.Fault = func(op simdisk.Op) error { // a deferred record does not touch the disk
			if op.Kind == simdisk.Sync && strings.HasSuffix(op.Name, ".slg") && !asked {
				asked = true
				during = appendCut(t, l, small(1))
			}
			return nil
		}
		before := appendCut(t, l, small(0))
		if err := before.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		wantDone(t, during, false)
		wantOnDisk(t, disk, "1+2 (body 0)")
		closeLog(t, l)
		wantDone(t, during, true)
		wantOnDisk(t, disk, "1+2 (body 0)", "3+2 (body 1)")
	})
}

func TestRecordsThatCannotBeMergedAreWrittenOneByOneAsOneCut(t *testing.T) {
	merges := map[string]func([]*buffer.Record) ([]byte, []byte, int, error){
		"it fails":                func([]*buffer.Record) ([]byte, []byte, int, error) { return nil, nil, 3, errors.New("no") },
		"they do not go together": func([]*buffer.Record) ([]byte, []byte, int, error) { return nil, nil, 1, nil },
		"it says too many":        func([]*buffer.Record) ([]byte, []byte, int, error) { return nil, nil, 4, nil },
		"it makes them larger": func(r []*buffer.Record) ([]byte, []byte, int, error) {
			return make([]byte, 1<<10), nil, len(r), nil
		},
		"there is no way": nil,
	}
	for name, merge := range merges {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := simdisk.New()
				l := open(t, buffer.Options{Dir: "/log", FS: disk, MaxSize: 1 << 30, MinFree: -1, Ballast: -1, Merge: merge})
				for n := range 3 {
					appendCut(t, l, small(n))
				}
				closeLog(t, l)
				wantOnDisk(t, disk, "1+2 (body 0)", "3+2 (body 1)", "5+2 (body 2)")
				if _, state := onDisk(t, disk); len(state) != 4 {
					t.Errorf("state has %d entries, want 4, all in the last record", len(state))
				}
			})
		})
	}
}

func TestStateAloneIsMergedIntoWhatItWaitsWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l, _ := quietLog(t, disk)
		alone := func(n int) *buffer.Record {
			return &buffer.Record{State: []buffer.Entry{{Key: "last", Value: fmt.Append(nil, n)}}, Defer: true}
		}
		appendCut(t, l, alone(7))
		appendCut(t, l, alone(8))
		if err := l.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		appendCut(t, l, small(0))
		appendCut(t, l, alone(9))
		closeLog(t, l)
		wantOnDisk(t, disk, "1+0 ", "1+2 (body 0)")
		l, _ = quietLog(t, disk)
		defer closeLog(t, l)
		if got := string(l.State()["last"]); got != "9" {
			t.Errorf("state is %q, want 9", got)
		}
	})
}

func TestADamagedMergedRecordCostsACursorOnlyWhatItWasNotHanded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l, c := quietLog(t, disk)
		defer closeLog(t, l)
		for n := range 3 {
			appendCut(t, l, small(n))
		}
		next(t, c)
		time.Sleep(2 * time.Second)
		disk.Edit(segmentOne, func(data []byte) []byte {
			return bytes.Replace(data, []byte("(body 1)"), []byte("(bodi 1)"), 1)
		})
		if item, err := c.TryNext(); item != nil || err != nil {
			t.Errorf("cursor is handed %+v, %v", item, err)
		}
		c.Ack(1, 2)
		if s := c.Stats(); s.Damaged != 4 || s.Acked != 7 {
			t.Errorf("cursor: %+v, want 4 damaged", s)
		}
	})
}

func TestALogNeverOutgrowsItsSizeByWhatWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		o.Merge = nil
		l := open(t, o)
		defer closeLog(t, l)
		openCursor(t, l, "a", buffer.CursorOptions{}) // never reads
		for {
			cut := w.cut(3)
			cut[0].Defer = true
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			_, err := l.Append(ctx, cut)
			cancel()
			if err != nil {
				break
			}
		}
		if s := l.Stats(); s.Condition != buffer.Full || s.Bytes > o.MaxSize || s.UnsyncedBytes > 0 {
			t.Errorf("log: %+v", s)
		}
	})
}

func TestWhatIsDeferredIsNotLostWithAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l, c := quietLog(t, disk)
		tickets := []buffer.Ticket{appendCut(t, l, small(0)), appendCut(t, l, small(1))}
		disk.SetCapacity(1)
		time.Sleep(5 * time.Second)
		if s := l.Stats(); s.Condition != buffer.NoSpace {
			t.Errorf("condition is %s, want no_space", s.Condition)
		}
		wantDone(t, tickets[0], false)
		if item := next(t, c); item.First != 1 {
			t.Errorf("cursor is handed %d, want 1", item.First)
		}
		disk.SetCapacity(0)
		for _, ticket := range tickets {
			if err := ticket.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		closeLog(t, l)
		wantOnDisk(t, disk, "1+4 (body 0)(body 1)")
	})
}
