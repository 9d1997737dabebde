package buffer_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

// damageBody flips a byte in the body of record n of a library.
func damageBody(lib *library, disk *simdisk.Disk, n int) {
	damage(lib, disk, n, func(state, index int) int { return state + index + 5 })
}

// damage flips the byte of record n that at gives behind the header, from the lengths of state and index.
func damage(lib *library, disk *simdisk.Disk, n int, where func(state, index int) int) {
	for _, name := range lib.segments {
		disk.Edit(name, func(b []byte) []byte {
			for at := 0; at+96 <= len(b); at += 8 {
				if string(b[at:at+4]) == "SLCR" && binary.LittleEndian.Uint64(b[at+16:]) == lib.records[n].First {
					state, index := binary.LittleEndian.Uint32(b[at+28:]), binary.LittleEndian.Uint32(b[at+48:])
					b[at+96+where(int(state), int(index))] ^= 1
				}
			}
			return b
		})
	}
}

// readAll reads what a cursor hands out now, and takes it.
func readAll(t *testing.T, c *buffer.Cursor) (got []string) {
	t.Helper()
	for {
		item, err := c.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		if item == nil {
			return got
		}
		got = append(got, string(item.Index))
		c.Ack(item.First, uint64(item.Count))
	}
}

// oneRepair returns the damaged record that waits.
func oneRepair(t *testing.T, l *buffer.Log) *buffer.Repair {
	t.Helper()
	select {
	case r := <-l.Repairs():
		return r
	default:
		t.Fatal("no record is to be replaced")
		return nil
	}
}

// repaired opens a library's log with two damaged records, has two cursors read it, one of which had part of the first, and
// gives f what is to be replaced.
func repaired(t *testing.T, f func(t *testing.T, l *buffer.Log, a, b *buffer.Cursor, repairs []*buffer.Repair)) {
	t.Helper()
	lib := newLibrary(t, 12, 200, 2800)
	synctest.Test(t, func(t *testing.T) {
		disk := lib.disk.Crash(simdisk.Kill, 0)
		damageBody(lib, disk, 3)
		damageBody(lib, disk, 7)
		o := lib.opts
		o.FS, o.Repair = disk, true
		o.Damaged = func(d buffer.DamagedRecord) { t.Errorf("counted as damaged: %+v", d) }
		l := open(t, o)
		a := openCursor(t, l, "main", buffer.CursorOptions{})
		b := openCursor(t, l, "b", buffer.CursorOptions{From: buffer.Oldest})
		a.Ack(lib.records[3].First, 2)
		for name, c := range map[string]*buffer.Cursor{"main": a, "b": b} {
			if got := readAll(t, c); len(got) != 10 || got[3] != "index 4" {
				t.Errorf("%s reads %v", name, got)
			}
		}
		var repairs []*buffer.Repair
		for len(l.Repairs()) > 0 {
			repairs = append(repairs, <-l.Repairs())
		}
		if len(repairs) != 2 {
			t.Fatalf("%d records are to be replaced, want 2", len(repairs))
		}
		f(t, l, a, b, repairs)
		closeLog(t, l)
	})
}

func TestADamagedRecordIsHandedOnOnceForAllThatLackIt(t *testing.T) {
	repaired(t, func(t *testing.T, l *buffer.Log, a, b *buffer.Cursor, repairs []*buffer.Repair) {
		first := repairs[0].First
		if string(repairs[0].Index) != "index 3" || repairs[0].Count != 3 {
			t.Errorf("got %+v", repairs[0])
		}
		want := []buffer.Lack{
			{Cursor: "b", Ranges: []buffer.Range{{First: first, Count: 3}}},
			{Cursor: "main", Ranges: []buffer.Range{{First: first + 2, Count: 1}}},
		}
		if diff := cmp.Diff(repairs[0].Lacking, want); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
		if s := a.Stats(); s.Acked != first+2 || s.Pending != 4 || s.Damaged != 0 {
			t.Errorf("before it is settled: %+v", s)
		}
	})
}

func TestWhatIsReplacedIsPassedAndWhatIsLostIsCounted(t *testing.T) {
	repaired(t, func(t *testing.T, l *buffer.Log, a, b *buffer.Cursor, repairs []*buffer.Repair) {
		first := repairs[0].First
		repairs[0].Replaced(first, 1)
		repairs[0].Lost(first+1, 2)
		repairs[1].Replaced(repairs[1].First, 3)
		if s := a.Stats(); s.Damaged != 1 || s.Pending != 0 {
			t.Errorf("main, which had 2 of 3: %+v", s)
		}
		if s := b.Stats(); s.Damaged != 2 || s.Pending != 0 {
			t.Errorf("b: %+v", s)
		}
	})
}

func TestARecordWhoseIndexIsDamagedTooIsCounted(t *testing.T) {
	lib := newLibrary(t, 12, 200, 2800)
	synctest.Test(t, func(t *testing.T) {
		disk := lib.disk.Crash(simdisk.Kill, 0)
		damage(lib, disk, 3, func(state, index int) int { return state + 1 })
		o := lib.opts
		o.FS, o.Repair = disk, true
		l := open(t, o)
		c := openCursor(t, l, "main", buffer.CursorOptions{})
		if got := readAll(t, c); len(got) != 11 || len(l.Repairs()) > 0 || c.Stats().Damaged != 3 {
			t.Errorf("got %v, %d to be replaced, %+v", got, len(l.Repairs()), c.Stats())
		}
		closeLog(t, l)
	})
}

func TestWhatAnOutputHasInItsHandsIsNotReplacedForIt(t *testing.T) {
	lib := newLibrary(t, 12, 200, 2800)
	synctest.Test(t, func(t *testing.T) {
		o := lib.opts
		o.FS, o.Repair = lib.disk.Crash(simdisk.Kill, 0), true
		l := open(t, o)
		fast := openCursor(t, l, "main", buffer.CursorOptions{})
		slow := openCursor(t, l, "slow", buffer.CursorOptions{From: buffer.Oldest})
		var items []*buffer.Item
		for range 12 {
			items = append(items, next(t, fast))
		}
		damageBody(lib, o.FS.(*simdisk.Disk), 3)
		readAll(t, slow)
		if r := oneRepair(t, l); len(r.Lacking) != 1 || r.Lacking[0].Cursor != "slow" {
			t.Errorf("lacking: %+v", r.Lacking)
		}
		for _, item := range items {
			fast.Ack(item.First, 3)
		}
		if s := fast.Stats(); s.Pending > 0 {
			t.Errorf("the one that had it in its hands: %+v", s)
		}
		closeLog(t, l)
	})
}

func TestWhatWasDroppedMeanwhileAndIsReplacedIsNoLoss(t *testing.T) {
	lib := newLibrary(t, 12, 200, 2800)
	synctest.Test(t, func(t *testing.T) {
		disk := lib.disk.Crash(simdisk.Kill, 0)
		damageBody(lib, disk, 1)
		o := lib.opts
		o.FS, o.Repair, o.MaxSize = disk, true, 12000
		l := open(t, o)
		c := openCursor(t, l, "main", buffer.CursorOptions{OnFull: buffer.DropOldest})
		readAll(t, c)
		for range 10 {
			appendCut(t, l, record(1, 1), &buffer.Record{Body: make([]byte, 1000)})
			synctest.Wait()
			readAll(t, c)
		}
		if got := c.Stats().Dropped; got != 3 {
			t.Errorf("%d were dropped, want those of the damaged record", got)
		}
		r := oneRepair(t, l)
		r.Replaced(r.First, r.Count)
		if got := c.Stats(); got.Dropped != 0 || got.Damaged != 0 {
			t.Errorf("after they were replaced: %+v", got)
		}
		closeLog(t, l)
	})
}

func TestWhatIsNotSettledIsHandedOnAgainAfterARestart(t *testing.T) {
	lib := newLibrary(t, 12, 200, 2800)
	synctest.Test(t, func(t *testing.T) {
		damageBody(lib, lib.disk, 3)
		o := lib.opts
		o.Repair = true
		for range 2 {
			l := open(t, o)
			readAll(t, openCursor(t, l, "main", buffer.CursorOptions{}))
			if n := len(l.Repairs()); n != 1 {
				t.Errorf("%d records are to be replaced, want 1", n)
			}
			closeLog(t, l)
		}
		l := open(t, o)
		c := openCursor(t, l, "main", buffer.CursorOptions{})
		readAll(t, c)
		r := oneRepair(t, l)
		r.Replaced(r.First, r.Count)
		closeLog(t, l)
		l = open(t, o)
		c = openCursor(t, l, "main", buffer.CursorOptions{})
		if got := readAll(t, c); len(got) > 0 || len(l.Repairs()) > 0 || c.Stats().Damaged > 0 {
			t.Errorf("after it was settled: %v, %+v", got, c.Stats())
		}
		closeLog(t, l)
	})
}

func TestMoreDamagedRecordsThanMayWaitAreFoundInTheirTurn(t *testing.T) {
	const n, most = 300, 256
	lib := newLibrary(t, n, 8, 1<<20)
	synctest.Test(t, func(t *testing.T) {
		disk := lib.disk.Crash(simdisk.Kill, 0)
		for i := range n - 1 { // the last would be taken for a torn tail
			damageBody(lib, disk, i)
		}
		o := lib.opts
		o.FS, o.Repair = disk, true
		l := open(t, o)
		c := openCursor(t, l, "main", buffer.CursorOptions{})
		if item, err := c.TryNext(); item != nil || err == nil || len(l.Repairs()) != most {
			t.Errorf("got %v, %v, and %d records wait", item, err, len(l.Repairs()))
		}
		for settled := 0; settled < n-1; settled++ {
			r := oneRepair(t, l)
			r.Replaced(r.First, r.Count)
			if settled == most/2 || len(l.Repairs()) == 0 {
				readAll(t, c)
			}
		}
		readAll(t, c)
		if s := c.Stats(); s.Damaged != 0 || s.Pending != 0 {
			t.Errorf("in the end: %+v", s)
		}
		closeLog(t, l)
	})
}

func TestALogThatIsFullOfWhatIsToBeReplacedSaysSo(t *testing.T) {
	for _, taken := range []bool{true, false} {
		t.Run(fmt.Sprint("all others are taken: ", taken), func(t *testing.T) {
			lib := newLibrary(t, 12, 200, 2800)
			synctest.Test(t, func(t *testing.T) {
				disk := lib.disk.Crash(simdisk.Kill, 0)
				damageBody(lib, disk, 1)
				o := lib.opts
				o.FS, o.Repair, o.MaxSize = disk, true, 12000
				l := open(t, o)
				c := openCursor(t, l, "main", buffer.CursorOptions{})
				for range 11 {
					if item := next(t, c); taken {
						c.Ack(item.First, uint64(item.Count))
					}
				}
				r := oneRepair(t, l)
				done := make(chan error, 1)
				go func() {
					for range 20 {
						if _, err := l.Append(t.Context(), []*buffer.Record{record(1, 1), {Body: make([]byte, 1000)}}); err != nil {
							done <- err
							return
						}
					}
					done <- nil
				}()
				synctest.Wait()
				if got := r.Stuck(); got != taken {
					t.Errorf("stuck: %v, blocked: %v", got, l.Blocked())
				}
				r.Lost(r.First, r.Count)
				readAll(t, c)
				synctest.Wait()
				closeLog(t, l)
				<-done
			})
		})
	}
}

func TestTheStateAroundADamagedRecordIsFound(t *testing.T) {
	repaired(t, func(t *testing.T, l *buffer.Log, _, _ *buffer.Cursor, repairs []*buffer.Repair) {
		for i, n := range []int{3, 7} {
			got, err := repairs[i].State([]string{"last", "other"})
			if err != nil {
				t.Fatal(err)
			}
			text := func(k int) map[string][]byte { return map[string][]byte{"last": fmt.Append(nil, k)} }
			want := buffer.Around{Before: text(n - 1), Own: text(n), After: text(n + 1)}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("record %d (-got +want):\n%s", n, diff)
			}
		}
	})
}
