package buffer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

const segmentOne = "/log/00000000000000000001.slg"

// library is a log with records of three documents, on a disk that nobody uses any more.
type library struct {
	disk     *simdisk.Disk
	opts     buffer.Options
	records  []*buffer.Record
	segments []string
}

// newLibrary writes n records with bodies of size bytes, and closes the log.
func newLibrary(t *testing.T, n, size int, segmentSize int64) *library {
	t.Helper()
	lib := &library{disk: simdisk.New()}
	lib.opts = buffer.Options{
		Dir: "/log", FS: lib.disk, SegmentSize: segmentSize, MaxSize: 1 << 30, MinFree: -1, Ballast: -1, HotBytes: 1,
	}
	rng := rand.New(rand.NewPCG(1, 2))
	synctest.Test(t, func(t *testing.T) {
		l := open(t, lib.opts)
		openCursor(t, l, "main", buffer.CursorOptions{})
		for i := range n {
			r := record(i, 3)
			for range size / 8 {
				r.Body = fmt.Appendf(r.Body, "%08x", rng.Uint32())
			}
			r.State = []buffer.Entry{{Key: "last", Value: fmt.Append(nil, i)}}
			appendCut(t, l, r)
			lib.records = append(lib.records, r)
			if err := l.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		closeLog(t, l)
	})
	entries, err := lib.disk.ReadDir("/log")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if bytes.HasSuffix([]byte(e.Name()), []byte(".slg")) {
			lib.segments = append(lib.segments, "/log/"+e.Name())
		}
	}
	return lib
}

// read reads all with a Reader and returns which records came, by index, and what it lists as damaged.
func (lib *library) read(t *testing.T) (got []int, lost []buffer.Lost) {
	t.Helper()
	r, err := buffer.OpenReaderOn(lib.disk, "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	i := 0
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got, r.Damaged()
		}
		if err != nil {
			t.Fatal(err)
		}
		for i < len(lib.records) && lib.records[i].First < rec.First {
			i++
		}
		if i == len(lib.records) || rec.First != lib.records[i].First ||
			!bytes.Equal(rec.Body, lib.records[i].Body) || !bytes.Equal(rec.Index, lib.records[i].Index) {
			t.Fatalf("record %d was never written", rec.First)
		}
		got = append(got, i)
	}
}

// checkLoss holds a reading against what was written: at most one record is missing, and it is counted exactly.
func (lib *library) checkLoss(t *testing.T, where string, got []int, lost []buffer.Lost, most int) {
	t.Helper()
	if missing := len(lib.records) - len(got); missing > most {
		t.Fatalf("%s: %d records are lost", where, missing)
	}
	var want, have []buffer.Range
	k := 0
	for i, r := range lib.records {
		if k < len(got) && got[k] == i {
			k++
			continue
		}
		want = append(want, buffer.Range{First: r.First, Count: 3})
	}
	for _, l := range lost {
		for at := l.First; at < l.End(); at += 3 {
			have = append(have, buffer.Range{First: at, Count: 3})
		}
	}
	if diff := cmp.Diff(have, want); diff != "" {
		t.Fatalf("%s: counted as lost (-got +want):\n%s", where, diff)
	}
}

func TestAFlippedByteCostsAtMostOneRecord(t *testing.T) {
	t.Parallel()
	lib := newLibrary(t, 36, 2000, 64<<10)
	size := lib.size(t, segmentOne)
	if len(lib.segments) != 2 || size < 60<<10 {
		t.Fatalf("segments: %v, the first has %d bytes", lib.segments, size)
	}
	var data []byte
	lib.disk.Edit(segmentOne, func(b []byte) []byte { data = b; return b })
	for at := range size {
		data[at] ^= 0xff // the file's own bytes
		got, lost := lib.read(t)
		lib.checkLoss(t, fmt.Sprintf("byte %d", at), got, lost, 1)
		data[at] ^= 0xff
	}
}

func (lib *library) size(t *testing.T, name string) int64 {
	t.Helper()
	info, err := lib.disk.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestACursorCountsExactlyTheDocumentsOfADamagedRecord(t *testing.T) {
	lib := newLibrary(t, 12, 200, 2800)
	for _, name := range lib.segments {
		for at := int64(0); at < lib.size(t, name); at += 5 {
			where := fmt.Sprintf("%s byte %d", name, at)
			disk := lib.disk.Crash(simdisk.Kill, 0)
			disk.Edit(name, func(b []byte) []byte { b[at] ^= 0x55; return b })
			got, damaged, stats := readWithCursor(t, lib, disk)
			newest := name == lib.segments[len(lib.segments)-1]
			if missing := len(lib.records) - len(got); missing > 1 || missing*3 != int(damaged) && !newest {
				t.Fatalf("%s: %d records are missing, %d documents were reported", where, missing, damaged)
			}
			if stats.Damaged != damaged || stats.Pending > 0 {
				t.Fatalf("%s: stats %+v, reported %d", where, stats, damaged)
			}
		}
	}
}

// readWithCursor opens a log and reads and acknowledges all.
func readWithCursor(t *testing.T, lib *library, disk *simdisk.Disk) (got []string, damaged uint64, stats buffer.CursorStats) {
	t.Helper()
	o := lib.opts
	o.FS = disk
	o.Damaged = func(d buffer.DamagedRecord) { damaged += d.Count }
	synctest.Test(t, func(t *testing.T) {
		l := open(t, o)
		defer closeLog(t, l)
		c := openCursor(t, l, "main", buffer.CursorOptions{From: buffer.Oldest})
		for {
			item, err := c.TryNext()
			if err != nil {
				t.Fatal(err)
			}
			if item == nil {
				break
			}
			got = append(got, string(item.Index))
			c.Ack(item.First, uint64(item.Count))
		}
		stats = c.Stats()
	})
	return got, damaged, stats
}

func TestASegmentCutAnywhereKeepsWhatIsBeforeTheCut(t *testing.T) {
	t.Parallel()
	lib := newLibrary(t, 12, 200, 2800)
	for i, name := range lib.segments {
		newest := i == len(lib.segments)-1
		for at := range lib.size(t, name) {
			disk := lib.disk.Crash(simdisk.Kill, 0)
			disk.Edit(name, func(b []byte) []byte { return b[:at:at] })
			got, damaged, _ := readWithCursor(t, lib, disk)
			if !newest && len(got)*3+int(damaged) != 3*len(lib.records) {
				t.Fatalf("%s cut at %d: %d records came, %d documents were reported", name, at, len(got), damaged)
			}
			if newest && damaged > 0 && at > 1100 {
				t.Fatalf("%s cut at %d: a torn tail is no damage, %d documents were reported", name, at, damaged)
			}
		}
	}
}

func TestATailOfZerosOrGarbageIsTheEnd(t *testing.T) {
	lib := newLibrary(t, 5, 200, 1<<20)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{1, 7, 95, 96, 512, 5000, 2 << 20} {
		for _, tail := range [][]byte{make([]byte, size), noise(rng, size)} {
			disk := lib.disk.Crash(simdisk.Kill, 0)
			disk.Edit(segmentOne, func(b []byte) []byte { return append(b[:len(b):len(b)], tail...) })
			got, damaged, _ := readWithCursor(t, lib, disk)
			if len(got) != 5 || damaged != 0 {
				t.Errorf("tail of %d bytes: %d records, %d damaged", size, len(got), damaged)
			}
		}
	}
}

func noise(rng *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(rng.Uint32())
	}
	return out
}

func TestDamageBeforeTheLastSyncIsALossAndBehindItATornTail(t *testing.T) {
	lib := newLibrary(t, 6, 200, 1<<20)
	size := lib.size(t, segmentOne)
	record := (size - 1104) / 6
	for n := range int64(6) {
		disk := lib.disk.Crash(simdisk.Kill, 0)
		disk.Edit(segmentOne, func(b []byte) []byte { b[size-(6-n)*record+120] ^= 1; return b })
		o := lib.opts
		o.FS = disk
		synctest.Test(t, func(t *testing.T) {
			l := open(t, o)
			defer closeLog(t, l)
			var want []buffer.Lost
			if n < 5 { // the records behind it promise that it was synced
				want = []buffer.Lost{{
					Range: buffer.Range{First: lib.records[n].First, Count: 3}, Segment: segmentOne[5:], Reason: "record is damaged",
				}}
			}
			if diff := cmp.Diff(l.Recovery().Lost, want); diff != "" {
				t.Errorf("damaged record %d (-got +want):\n%s", n, diff)
			}
			if q := l.Recovery().Quarantined; (q > 0) != (n < 5) {
				t.Errorf("damaged record %d: %d bytes are in quarantine", n, q)
			}
		})
	}
}
