package buffer_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

func TestAMissingSegmentCostsOnlyItself(t *testing.T) {
	lib := newLibrary(t, 20, 200, 2800)
	for i, name := range lib.segments {
		disk := lib.disk.Crash(simdisk.Kill, 0)
		disk.Edit(name, func([]byte) []byte { return nil })
		o := lib.opts
		o.FS = disk
		var lost uint64
		synctest.Test(t, func(t *testing.T) {
			l := open(t, o)
			for _, r := range l.Recovery().Lost {
				lost += r.Count
			}
			closeLog(t, l)
		})
		got, damaged, _ := readWithCursor(t, lib, disk)
		if len(got)*3+int(damaged) != 60 && i < len(lib.segments)-1 {
			t.Errorf("without %s: %d records came, %d documents were reported", name, len(got), damaged)
		}
		if i > 0 && i < len(lib.segments)-1 && lost != damaged {
			t.Errorf("without %s: recovery says that %d are lost, the cursor %d", name, lost, damaged)
		}
	}
}

func TestGarbageFilesNeverStopAStart(t *testing.T) {
	lib := newLibrary(t, 12, 200, 2800)
	disk := lib.disk
	rng := rand.New(rand.NewPCG(5, 6))
	for _, name := range []string{
		"/log/00000000000000000002.slg", "/log/18446744073709551615.slg", "/log/x.slg", "/log/1.slg", "/log/notes.txt",
		"/log/LOCK", "/log/cursors/x.cur", "/log/cursors/main.cur", "/log/cursors/notes", "/log/ballast",
		"/log/00000000000000000009.slg.tmp", "/log/quarantine/x",
	} {
		for _, size := range []int{0, 1, 500, 5000} {
			copied := disk.Crash(simdisk.Kill, 0)
			copied.Edit(name, func([]byte) []byte { return append([]byte{}, noise(rng, size)...) })
			for range 2 {
				got, damaged, _ := readWithCursor(t, lib, copied.Crash(simdisk.Kill, 0))
				if len(got) != 12 || damaged != 0 {
					t.Errorf("with %s of %d bytes: %d records, %d damaged", name, size, len(got), damaged)
				}
			}
		}
	}
}

func TestALostCursorFileIsTakenFromTheLastSnapshot(t *testing.T) {
	// One segment has all: a delivered one would go, and with it what must not be read again.
	lib := newLibrary(t, 12, 200, 1<<20)
	o := lib.opts
	synctest.Test(t, func(t *testing.T) {
		l := open(t, o)
		c := openCursor(t, l, "main", buffer.CursorOptions{})
		for range 5 {
			item := next(t, c)
			c.Ack(item.First, 3)
		}
		closeLog(t, l)
		closeLog(t, open(t, o)) // its segment's snapshot has the cursor
	})
	for _, edit := range []func([]byte) []byte{
		func([]byte) []byte { return nil },
		func([]byte) []byte { return []byte{} },
		func(b []byte) []byte { clear(b); return b },
		func(b []byte) []byte { b[100] ^= 1; b[4196] ^= 1; return b },
	} {
		disk := lib.disk.Crash(simdisk.Kill, 0)
		entries, err := disk.ReadDir("/log/cursors")
		if err != nil || len(entries) != 1 {
			t.Fatal(entries, err)
		}
		disk.Edit("/log/cursors/"+entries[0].Name(), edit)
		got, _, _ := readWithCursor(t, lib, disk)
		if len(got) != 7 || got[0] != "index 5" {
			t.Errorf("after the cursor file was lost, the cursor reads %v", got)
		}
	}
}

func TestADamagedCursorSlotNeverSkipsADocument(t *testing.T) {
	lib := newLibrary(t, 12, 200, 2800)
	synctest.Test(t, func(t *testing.T) {
		l := open(t, lib.opts)
		c := openCursor(t, l, "main", buffer.CursorOptions{})
		for range 5 {
			item := next(t, c)
			c.Ack(item.First, 3)
			time.Sleep(3 * time.Second) // fake time: saved in turn in both slots
		}
		closeLog(t, l)
	})
	entries, err := lib.disk.ReadDir("/log/cursors")
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	name := "/log/cursors/" + entries[0].Name()
	for slot := range 2 {
		for at := range 80 {
			for _, bit := range []byte{1, 0x40} {
				disk := lib.disk.Crash(simdisk.Kill, 0)
				disk.Edit(name, func(b []byte) []byte { b[slot*4096+at] ^= bit; return b })
				got, damaged, _ := readWithCursor(t, lib, disk)
				if len(got) < 7 || len(got) > 8 || damaged > 0 {
					t.Errorf("slot %d, byte %d: %d records are read, 7 were not taken; %d damaged", slot, at, len(got), damaged)
				}
			}
		}
	}
}

func TestACursorBeyondTheDamageProvesThatItIsALoss(t *testing.T) {
	lib := newLibrary(t, 6, 200, 1<<20)
	for _, acked := range []bool{false, true} {
		disk := lib.disk.Crash(simdisk.Kill, 0)
		o := lib.opts
		o.FS = disk
		last := ""
		synctest.Test(t, func(t *testing.T) {
			l := open(t, o)
			c := openCursor(t, l, "main", buffer.CursorOptions{})
			r := record(6, 3)
			appendCut(t, l, r)
			last = fmt.Sprintf("/log/%020d.slg", r.First)
			if err := l.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if acked {
				c.Ack(r.First, 3)
			}
			closeLog(t, l)
		})
		disk.Edit(last, func(b []byte) []byte { b[len(b)-10] ^= 1; return b })
		synctest.Test(t, func(t *testing.T) {
			l := open(t, o)
			defer closeLog(t, l)
			if lost := l.Recovery().Lost; (len(lost) == 1 && lost[0].Count == 3) != acked {
				t.Errorf("acknowledged %v: lost %+v", acked, lost)
			}
		})
	}
}

func TestADamagedSnapshotIsMadeUpForByAnOlderOne(t *testing.T) {
	lib := newLibrary(t, 12, 200, 2800)
	synctest.Test(t, func(t *testing.T) { closeLog(t, open(t, lib.opts)) }) // adds a segment of a snapshot alone
	entries, err := lib.disk.ReadDir("/log")
	if err != nil {
		t.Fatal(err)
	}
	newest := ""
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".slg") {
			newest = "/log/" + e.Name()
		}
	}
	r, err := buffer.OpenReaderOn(lib.disk, "/log")
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(1024); at < lib.size(t, newest); at++ {
		flip := func(b []byte) []byte { b[at] ^= 0x10; return b }
		lib.disk.Edit(newest, flip)
		state, err := r.State()
		if diff := cmp.Diff(state, map[string][]byte{"last": []byte("11")}); err != nil || diff != "" {
			t.Errorf("byte %d: %v, state (-got +want):\n%s", at, err, diff)
		}
		lib.disk.Edit(newest, flip)
	}
}
