package buffer

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

// FuzzRecordHeader holds that what is decoded is encoded to the same bytes, and that lengths are bounded.
func FuzzRecordHeader(f *testing.F) {
	r := Record{First: 7, Count: 3, MinTime: -1, MaxTime: 9, Index: []byte("index"), Body: []byte("body"), Sync: true}
	f.Add(appendRecord(nil, &r, appendEntries(nil, []Entry{{"k", nil}, {"l", []byte("v")}}), 5, 99, 0, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		fixChecksum(b, recordHeaderSize)
		h, err := decodeRecordHeader(b, 5)
		if err != nil {
			return
		}
		if h.payload() > maxPayload || h.size() < recordHeaderSize || h.end() < h.first {
			t.Errorf("header is out of bounds: %+v", h)
		}
		again, err := decodeRecordHeader(h.append(nil, 5), 5)
		if diff := cmp.Diff(again, h, cmp.AllowUnexported(recordHeader{})); err != nil || diff != "" {
			t.Errorf("encoded again: %v (-got +want):\n%s", err, diff)
		}
		h.documentsOK(b[recordHeaderSize:])
		if h.stateOK(b[recordHeaderSize:]) {
			decodeEntries(b[recordHeaderSize:][:h.stateLen])
		}
	})
}

// fixChecksum makes a header's checksum right, or the fuzzer would never get behind it.
func fixChecksum(b []byte, size int) {
	if len(b) < size {
		return
	}
	sum := checksum(b[:size-4])
	b[size-4], b[size-3], b[size-2], b[size-1] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
}

// FuzzCursor holds that a decoded cursor is in order and comes back from its own encoding.
func FuzzCursor(f *testing.F) {
	c := savedCursor{name: "main", taken: spans{prefix: 5, rest: []span{{7, 9}, {20, 30}}}, dropped: 3}
	f.Add(appendSlot(appendSlot(nil, 1, &c), 2, &c))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		fixChecksum(b, slotSize)
		got, counter, slot, err := decodeCursorFile(b)
		if err != nil {
			return
		}
		at := got.taken.prefix
		for _, r := range got.taken.rest {
			if r.first <= at || r.end <= r.first {
				t.Fatalf("ranges are out of order: %+v", got.taken)
			}
			at = r.end
		}
		if len(got.taken.rest) > maxSavedRanges || len(got.name) > maxCursorName {
			return // nothing that we write
		}
		again, n, _, err := decodeCursorFile(appendSlot(nil, counter, &got))
		opts := cmp.AllowUnexported(savedCursor{}, spans{}, span{})
		if diff := cmp.Diff(again, got, opts); err != nil || diff != "" || n != counter || slot < 0 {
			t.Errorf("encoded again: %v (-got +want):\n%s", err, diff)
		}
	})
}

// FuzzSegment holds that no content of a segment stops a start, or makes the log hand out what is not whole.
func FuzzSegment(f *testing.F) {
	golden, err := filepath.Glob(filepath.Join("testdata", "v1", "*"+segmentSuffix))
	if err != nil || len(golden) == 0 {
		f.Fatal("no golden segments", err)
	}
	for _, name := range golden {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		fixChecksum(b, segmentHeaderSize)
		h, err := decodeSegmentHeader(b)
		if err != nil || h.first > math.MaxInt64 {
			return
		}
		readFuzzed(t, simdisk.New(), h.first, b)
	})
}

func readFuzzed(t *testing.T, disk *simdisk.Disk, first uint64, b []byte) {
	disk.Edit("/log/cursors/x", func([]byte) []byte { return []byte{} })
	if err := fsx.MkdirAll(disk, "/log/cursors", dirPerm); err != nil {
		t.Fatal(err)
	}
	disk.Edit("/log/"+segmentName(first), func([]byte) []byte { return bytes.Clone(b) })
	verify(disk, "/log")
	l, err := Open(Options{Dir: "/log", FS: disk, MinFree: -1, Ballast: -1})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer l.Close()
	c, err := l.Cursor("main", CursorOptions{From: Oldest})
	if err != nil {
		return // a fuzzed snapshot may have taken the name
	}
	for range 1000 {
		item, err := c.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		if item == nil {
			return
		}
		c.Ack(item.First, uint64(item.Count))
	}
}
