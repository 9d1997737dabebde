package buffer

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

func simOptions(disk fsx.FS) Options {
	return Options{Dir: "/log", FS: disk, MinFree: -1, Ballast: -1, HotBytes: 1}
}

func mustOpen(t *testing.T, o Options) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustAppend(t *testing.T, l *Log, records ...*Record) {
	t.Helper()
	if _, err := l.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestForgedRecordsInADamagedBodyAreNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l := mustOpen(t, simOptions(disk))
		if _, err := l.Cursor("main", CursorOptions{}); err != nil {
			t.Fatal(err)
		}
		forged := appendRecord(nil, &Record{First: 2, Count: 1, Body: []byte("forged")}, nil, 12345, 0, 0, 1)
		for range 3 {
			mustAppend(t, l, &Record{Count: 1, Body: bytes.Repeat(forged, 5)})
		}
		l.Close()
		at := l.segments[0].recordsAt() // the first record's header
		disk.Edit("/log/"+segmentName(1), func(b []byte) []byte { b[at+20] ^= 1; return b })
		l = mustOpen(t, simOptions(disk))
		defer l.Close()
		c, err := l.Cursor("main", CursorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			item, err := c.TryNext()
			if err != nil || (item == nil) != (n == 2) {
				t.Fatalf("record %d: %v, %v", n, item, err)
			}
			if item != nil && len(item.Body) < 100 {
				t.Errorf("read %q", item.Body)
			}
		}
		if got := c.Stats().Damaged; got != 1 {
			t.Errorf("damaged: %d, want 1", got)
		}
	})
}

func TestDamagedStateIsNotAppliedAndCostsNoDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l := mustOpen(t, simOptions(disk))
		if _, err := l.Cursor("main", CursorOptions{}); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			value := binary.BigEndian.AppendUint32(nil, uint32(i))
			mustAppend(t, l, &Record{Count: 1, Body: []byte("b"), State: []Entry{{fmt.Sprint("key", i), value}}})
		}
		at := l.segments[0].recordsAt()
		l.Close()
		disk.Edit("/log/"+segmentName(1), func(b []byte) []byte { b[at+recordHeaderSize+6] ^= 1; return b })
		l = mustOpen(t, simOptions(disk))
		defer l.Close()
		if got := l.State(); len(got) != 2 || got["key0"] != nil {
			t.Errorf("state: %v, want key1 and key2", got)
		}
		c, err := l.Cursor("main", CursorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Stats(); s.Pending != 3 {
			t.Errorf("cursor: %+v", s)
		}
		if item, err := c.TryNext(); err != nil || item == nil || item.First != 1 {
			t.Errorf("first record: %v, %v", item, err)
		}
	})
}

func TestTheStateOfACutThatIsNotWholeIsNotApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		l := mustOpen(t, simOptions(disk))
		entry := func(key string) []Entry { return []Entry{{key, []byte("value")}} }
		one := func(key string) *Record { return &Record{Count: 1, Body: []byte("body of " + key), State: entry(key)} }
		mustAppend(t, l, one("before"))
		mustAppend(t, l, one("first of three"), one("second of three"), one("third of three"))
		mustAppend(t, l, one("behind"))
		l.Close()
		disk.Edit("/log/"+segmentName(1), func(b []byte) []byte {
			b[bytes.Index(b, []byte("body of second"))] ^= 1
			return b
		})
		l = mustOpen(t, simOptions(disk))
		defer l.Close()
		if got := sortedKeys(l.State()); !slices.Equal(got, []string{"before", "behind"}) {
			t.Errorf("state: %q", got)
		}
	})
}

func TestNumbersOfACursorBeyondAllSegmentsAreNotGivenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		for range 2 {
			l := mustOpen(t, simOptions(disk))
			c, err := l.Cursor("main", CursorOptions{})
			if err != nil {
				t.Fatal(err)
			}
			mustAppend(t, l, &Record{Count: 1 << 18, Body: []byte("b")})
			c.Ack(c.next, 1<<18)
			acked := c.Stats().Acked
			l.Close()
			for _, s := range l.segments {
				disk.Edit("/log/"+s.name, func([]byte) []byte { return nil })
			}
			l = mustOpen(t, simOptions(disk))
			if got := l.Stats().NextSeq; got <= acked {
				t.Errorf("next number is %d, a cursor is at %d", got, acked)
			}
			l.Close()
		}
	})
}

// slowFS holds every sync of a file while the gate is shut.
type slowFS struct {
	fsx.FS
	gate chan struct{}
}

type slowFile struct {
	fsx.File
	gate chan struct{}
}

func (s slowFS) OpenFile(name string, flag int, perm fs.FileMode) (fsx.File, error) {
	f, err := s.FS.OpenFile(name, flag, perm)
	return slowFile{f, s.gate}, err
}

func (f slowFile) Sync() error {
	<-f.gate
	return f.File.Sync()
}

func TestUnsyncedBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := slowFS{simdisk.New(), make(chan struct{}, 100)}
		disk.gate <- struct{}{} // the first segment's head
		l := mustOpen(t, simOptions(disk))
		appended := 0
		for range 30 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := l.Append(ctx, []*Record{{Count: 1, Body: make([]byte, 1<<20)}})
			cancel()
			if err != nil {
				break
			}
			appended++
		}
		if appended != 7 { // seven and their headers: eight would be more than 8 MiB
			t.Errorf("%d MiB were appended without a sync, want 7", appended)
		}
		close(disk.gate)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestARecordOfAnotherLogInTheSamePlaceIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disks := []*simdisk.Disk{simdisk.New(), simdisk.New()}
		var at int64
		for _, disk := range disks {
			l := mustOpen(t, simOptions(disk))
			if _, err := l.Cursor("main", CursorOptions{}); err != nil {
				t.Fatal(err)
			}
			mustAppend(t, l, &Record{Count: 1, Body: []byte("body")})
			mustAppend(t, l, &Record{Count: 1, Body: []byte("body")})
			at = l.segments[0].recordsAt()
			l.Close()
		}
		var stale []byte
		disks[1].Edit("/log/"+segmentName(1), func(b []byte) []byte { stale = b; return b })
		disks[0].Edit("/log/"+segmentName(1), func(b []byte) []byte { copy(b[at:at+100], stale[at:]); return b })
		l := mustOpen(t, simOptions(disks[0]))
		defer l.Close()
		if lost := l.Recovery().Lost; len(lost) != 1 || lost[0].Range != (Range{1, 1}) {
			t.Errorf("lost: %+v, want the first document", lost)
		}
	})
}

func TestAnAckWhileTheCursorIsSavedIsSavedNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		slow := slowFS{disk, make(chan struct{}, 100)}
		for range 50 {
			slow.gate <- struct{}{}
		}
		l := mustOpen(t, simOptions(slow))
		c, err := l.Cursor("main", CursorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		mustAppend(t, l, &Record{Count: 2, Body: []byte("body")})
		time.Sleep(5 * time.Second)
		for len(slow.gate) > 0 {
			<-slow.gate
		}
		c.Ack(1, 1)
		time.Sleep(5 * time.Second) // the cursor's sync is held
		c.Ack(2, 1)
		close(slow.gate)
		time.Sleep(5 * time.Second)
		saved, err := readCursor(disk.Crash(simdisk.LoseAll, 0), "/log/cursors", cursorFileName("main"))
		if err != nil || saved.taken.prefix != 3 {
			t.Errorf("saved: %+v, %v, want it at 3", saved, err)
		}
		l.Close()
	})
}
