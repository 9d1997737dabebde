package buffer_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

// inBubble runs f with fake time, a simulated disk, and options for a log of a few small segments.
func inBubble(t *testing.T, f func(t *testing.T, w *world, o buffer.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o := w.options(simdisk.New())
		o.SegmentSize, o.MaxSize = 3000, 12000
		f(t, w, o)
	})
}

// tryAppend appends a cut and reports whether there was room for it.
func tryAppend(t *testing.T, l *buffer.Log, w *world) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := l.Append(ctx, w.cut(3))
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("append: %v", err)
	}
	return err == nil
}

func all(int) bool { return true }

func TestAFullLogWaitsForAnOutputThatBlocks(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		defer closeLog(t, l)
		a := openCursor(t, l, "a", buffer.CursorOptions{})
		b := openCursor(t, l, "b", buffer.CursorOptions{}) // never reads
		n := 0
		for ; tryAppend(t, l, w); n++ {
			w.take(a, "a", 10, all)
		}
		s := l.Stats()
		if s.Condition != buffer.Full || s.Bytes > o.MaxSize || s.Bytes < o.MaxSize-o.SegmentSize {
			t.Errorf("full: %+v", s)
		}
		if diff := cmp.Diff(l.Blocked(), []string{"b"}); diff != "" {
			t.Errorf("blocked (-got +want):\n%s", diff)
		}
		if got := b.Stats(); got.Pending != uint64(3*n) || got.Dropped != 0 {
			t.Errorf("blocking output: %+v, want %d pending", got, 3*n)
		}
		w.take(b, "b", 1000, all)
		if !tryAppend(t, l, w) {
			t.Error("no room after the output has taken all")
		}
		if got := l.Blocked(); len(got) > 0 {
			t.Errorf("blocked: %v", got)
		}
		if got := len(w.taken["b"]); got != 3*n {
			t.Errorf("output has %d documents, want %d", got, 3*n)
		}
	})
}

func TestAFullLogDropsOnlyTheOutputThatDropsItsOldest(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		a := openCursor(t, l, "a", buffer.CursorOptions{OnFull: buffer.Block})
		b := openCursor(t, l, "b", buffer.CursorOptions{OnFull: buffer.DropOldest})
		for range 100 {
			if !tryAppend(t, l, w) {
				t.Fatal("append waits")
			}
			w.take(a, "a", 10, all)
		}
		if got := len(w.taken["a"]); got != 300 {
			t.Errorf("the other output has %d documents, want 300", got)
		}
		w.take(b, "b", 1000, all)
		s := b.Stats()
		if s.Dropped == 0 || s.Dropped+uint64(len(w.taken["b"])) != 300 || s.Damaged != 0 {
			t.Errorf("dropped %d, taken %d, damaged %d: want 300 in all", s.Dropped, len(w.taken["b"]), s.Damaged)
		}
		if got := l.Stats().Bytes; got > o.MaxSize {
			t.Errorf("log has %d bytes, its limit is %d", got, o.MaxSize)
		}
		closeLog(t, l)
		l = open(t, o)
		defer closeLog(t, l)
		if got := openCursor(t, l, "b", buffer.CursorOptions{}).Stats().Dropped; got != s.Dropped {
			t.Errorf("dropped after a restart is %d, want %d", got, s.Dropped)
		}
	})
}

func TestAnOutputThatBlocksIsNotDroppedForOneThatDrops(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		defer closeLog(t, l)
		openCursor(t, l, "a", buffer.CursorOptions{OnFull: buffer.Block})
		b := openCursor(t, l, "b", buffer.CursorOptions{OnFull: buffer.DropOldest})
		for tryAppend(t, l, w) {
		}
		if got := b.Stats().Dropped; got != 0 {
			t.Errorf("dropped %d documents, which made no room", got)
		}
	})
}

func TestAnOutputThatDropsMayAcknowledgeLate(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		defer closeLog(t, l)
		b := openCursor(t, l, "b", buffer.CursorOptions{OnFull: buffer.DropOldest})
		tryAppend(t, l, w)
		item := next(t, b)
		for range 60 {
			tryAppend(t, l, w)
		}
		want := b.Stats()
		want.Dropped -= 3 // the output had them in hand, and has them
		b.Ack(item.First, 3)
		b.Ack(item.First, 3) // once
		if diff := cmp.Diff(b.Stats(), want); diff != "" {
			t.Errorf("late acknowledgement changed (-got +want):\n%s", diff)
		}
	})
}

func TestDeliveredSegmentsStayForHistory(t *testing.T) {
	for _, c := range []struct {
		name    string
		history buffer.History
		later   time.Duration
		keeps   bool
	}{
		{"none", buffer.History{}, 0, false},
		{"young enough", buffer.History{Age: time.Hour}, 50 * time.Minute, true},
		{"too old", buffer.History{Age: time.Hour}, 62 * time.Minute, false},
		{"small enough", buffer.History{Size: 1 << 20}, time.Hour, true},
		{"too large", buffer.History{Size: 3000}, 2 * time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
				o.History = c.history
				l := open(t, o)
				defer closeLog(t, l)
				a := openCursor(t, l, "a", buffer.CursorOptions{})
				for range 15 {
					tryAppend(t, l, w)
				}
				before := l.Stats().Segments
				w.take(a, "a", 1000, all)
				time.Sleep(c.later)
				synctest.Wait()
				got := l.Stats().Segments
				if c.keeps && got != before || !c.keeps && got > 2 || before < 3 {
					t.Errorf("%d of %d segments are kept", got, before)
				}
			})
		})
	}
}

func TestHistoryGoesBeforeAppendsWait(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		o.History = buffer.History{Age: 1000 * time.Hour}
		l := open(t, o)
		defer closeLog(t, l)
		a := openCursor(t, l, "a", buffer.CursorOptions{})
		for range 100 {
			if !tryAppend(t, l, w) {
				t.Fatal("append waits while there is history to remove")
			}
			w.take(a, "a", 10, all)
		}
		if got := a.Stats(); got.Dropped != 0 {
			t.Errorf("stats: %+v", got)
		}
	})
}

func TestAnOrphanKeepsItsDataUntilItIsForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		openCursor(t, l, "a", buffer.CursorOptions{})
		for range 10 {
			tryAppend(t, l, w)
		}
		closeLog(t, l)

		l = open(t, o)
		orphans := l.Orphans()
		if len(orphans) != 1 || orphans[0].Name != "a" || orphans[0].Pending != 30 {
			t.Errorf("orphans: %+v", orphans)
		}
		b := openCursor(t, l, "b", buffer.CursorOptions{From: buffer.Oldest})
		w.take(b, "b", 1000, all)
		for range 3 {
			tryAppend(t, l, w)
			w.take(b, "b", 1000, all)
		}
		if got := len(w.taken["b"]); got != 39 {
			t.Errorf("output has %d documents, want 39", got)
		}
		before := l.Stats().Segments
		if err := l.Forget("b"); err == nil {
			t.Error("an open cursor was forgotten")
		}
		if err := l.Forget("a"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := l.Stats().Segments; got >= before || len(l.Orphans()) > 0 {
			t.Errorf("after forgetting: %d of %d segments, orphans %v", got, before, l.Orphans())
		}
		closeLog(t, l)

		l = open(t, o)
		defer closeLog(t, l)
		for _, o := range l.Orphans() {
			if o.Name == "a" {
				t.Error("the forgotten cursor is back after a restart")
			}
		}
		a := openCursor(t, l, "a", buffer.CursorOptions{From: buffer.Now})
		if got := a.Stats().Pending; got != 0 {
			t.Errorf("a name that was forgotten begins with %d documents pending, want 0", got)
		}
	})
}

func TestAnOrphanIsDroppedWhenRoomIsNeeded(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		openCursor(t, l, "a", buffer.CursorOptions{})
		for range 10 {
			tryAppend(t, l, w)
		}
		closeLog(t, l)
		l = open(t, o)
		defer closeLog(t, l)
		b := openCursor(t, l, "b", buffer.CursorOptions{})
		for range 100 {
			if !tryAppend(t, l, w) {
				t.Fatal("append waits for an orphan")
			}
			w.take(b, "b", 1000, all)
		}
		if got := openCursor(t, l, "a", buffer.CursorOptions{}).Stats().Dropped; got < 30 {
			t.Errorf("the orphan dropped %d documents, want 30 at least", got)
		}
	})
}

func TestAnOutputThatBlocksIsNotDroppedWhileItIsClosedForAMoment(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		defer closeLog(t, l)
		a := openCursor(t, l, "a", buffer.CursorOptions{})
		for tryAppend(t, l, w) {
		}
		for _, closed := range []time.Duration{time.Second, time.Minute} {
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), closed)
			l.Append(ctx, w.cut(3)) // somebody needs room all the while
			cancel()
			a = openCursor(t, l, "a", buffer.CursorOptions{})
			if got := a.Stats().Dropped; (got > 0) != (closed == time.Minute) {
				t.Errorf("closed for %s: %d documents were dropped", closed, got)
			}
		}
	})
}

func TestARenamedOutputGoesOnWhereTheOldNameWas(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		a := openCursor(t, l, "a", buffer.CursorOptions{})
		for range 4 {
			tryAppend(t, l, w)
		}
		w.take(a, "a", 1, all)
		closeLog(t, l)
		l = open(t, o)
		defer closeLog(t, l)
		b := openCursor(t, l, "b", buffer.CursorOptions{RenamedFrom: "a"})
		if got := b.Stats().Pending; got != 9 {
			t.Errorf("pending under the new name: %d, want 9", got)
		}
		if got := l.Orphans(); len(got) > 0 {
			t.Errorf("orphans: %+v", got)
		}
	})
}

func TestAVolatileCursorHoldsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		l := open(t, o)
		defer closeLog(t, l)
		a := openCursor(t, l, "a", buffer.CursorOptions{})
		v := openCursor(t, l, "b", buffer.CursorOptions{Volatile: true})
		for range 50 {
			if !tryAppend(t, l, w) {
				t.Fatal("append waits for a volatile cursor")
			}
			w.take(a, "a", 10, all)
		}
		w.take(v, "b", 1000, all)
		if s := v.Stats(); s.Dropped == 0 || s.Dropped+uint64(len(w.taken["b"])) != 150 || s.Damaged != 0 {
			t.Errorf("volatile: %+v, taken %d, want 150 in all", s, len(w.taken["b"]))
		}
	})
}

func TestTheLeastFreeSpaceIsLeftToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		disk := simdisk.New()
		disk.Capacity = 100 << 10
		o := w.options(disk)
		o.MinFree = 0.5
		l := open(t, o)
		defer closeLog(t, l)
		a := openCursor(t, l, "a", buffer.CursorOptions{})
		n := 0
		for ; tryAppend(t, l, w); n++ {
			if n%3 == 0 {
				time.Sleep(time.Second)
			}
		}
		space, err := disk.Space("/")
		if err != nil || space.Free < 44<<10 || space.Free > 56<<10 {
			t.Errorf("free space is %d, %v", space.Free, err)
		}
		if s := l.Stats(); s.Condition != buffer.Full {
			t.Errorf("condition is %s: %s", s.Condition, s.Reason)
		}
		w.take(a, "a", 1000, all)
		if !tryAppend(t, l, w) {
			t.Error("no room after all was taken")
		}
	})
}

func TestAnIntroducingRecordIsHandedOutOnlyOnceItIsSynced(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o buffer.Options) {
		disk := o.FS.(*simdisk.Disk)
		l := open(t, o)
		defer closeLog(t, l)
		a := openCursor(t, l, "a", buffer.CursorOptions{})
		var failing atomic.Bool
		failing.Store(true)
		disk.Fault = func(op simdisk.Op) error {
			if op.Kind == simdisk.Sync && failing.Load() {
				return errors.New("not yet")
			}
			return nil
		}
		cut := w.cut(2)
		cut[0].Introduces = true
		appendCut(t, l, cut...)
		synctest.Wait()
		if item, err := a.TryNext(); item != nil || err != nil {
			t.Errorf("before the sync: %v, %v", item, err)
		}
		failing.Store(false)
		if item := next(t, a); item.Count != 2 {
			t.Errorf("after the sync: %+v", item)
		}
	})
}
