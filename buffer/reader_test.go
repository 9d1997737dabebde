package buffer_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/buffer"
)

func TestAReaderFollowsALogThatIsWritten(t *testing.T) {
	o := smallOptions(t.TempDir())
	o.SegmentSize = 3000
	l := open(t, o)
	defer closeLog(t, l)
	openCursor(t, l, "main", buffer.CursorOptions{})
	r, err := buffer.OpenReader(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := range 40 {
		rec := record(i, 2)
		rec.Body = append(rec.Body, make([]byte, 300)...)
		rec.State = []buffer.Entry{{Key: "last", Value: fmt.Append(nil, i)}}
		appendCut(t, l, rec)
		got, err := r.Next()
		if err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		if diff := cmp.Diff(string(got.Index)+string(got.State[0].Value), fmt.Sprintf("index %d%d", i, i)); diff != "" {
			t.Errorf("record %d (-got +want):\n%s", i, diff)
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("behind record %d: %v, want io.EOF", i, err)
		}
	}
	state, err := r.State()
	if diff := cmp.Diff(state, map[string][]byte{"last": []byte("39")}); err != nil || diff != "" {
		t.Errorf("state: %v (-got +want):\n%s", err, diff)
	}
	cursors, err := r.Cursors()
	want := []buffer.CursorPlace{{Name: "main", Taken: 1}}
	if diff := cmp.Diff(cursors, want); err != nil || diff != "" {
		t.Errorf("cursors: %v (-got +want):\n%s", err, diff)
	}
	if got := r.Damaged(); len(got) > 0 {
		t.Errorf("damaged: %v", got)
	}
}

func TestAReaderPassesOverOlderSegments(t *testing.T) {
	o := smallOptions(t.TempDir())
	o.SegmentSize = 3000
	l := open(t, o)
	defer closeLog(t, l)
	openCursor(t, l, "main", buffer.CursorOptions{})
	for i := range 40 {
		rec := record(i, 2)
		rec.Body = append(rec.Body, make([]byte, 300)...)
		appendCut(t, l, rec)
	}
	r, err := buffer.OpenReader(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.SeekTime(time.UnixMilli(30))
	got, err := r.Next()
	if err != nil || got.MinTime > 30 || got.MinTime < 20 {
		t.Errorf("first record is of %d, %v", got.MinTime, err)
	}
}

func TestFilesAndFoldersAreTheOwnersAlone(t *testing.T) {
	o := smallOptions(filepath.Join(t.TempDir(), "deep", "log"))
	l := open(t, o)
	openCursor(t, l, "main", buffer.CursorOptions{})
	appendCut(t, l, record(0, 1))
	closeLog(t, l)
	err := filepath.WalkDir(o.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAHundredGigabytesOpenAtOnce(t *testing.T) {
	o := smallOptions(t.TempDir())
	o.SegmentSize = 1200 // each record gets its own segment
	o.MaxSize = 1 << 40
	l := open(t, o)
	openCursor(t, l, "main", buffer.CursorOptions{})
	const segments = 1600
	for i := range segments {
		appendCut(t, l, record(i, 1))
	}
	closeLog(t, l)
	names, err := filepath.Glob(filepath.Join(o.Dir, "*.slg"))
	if err != nil || len(names) != segments {
		t.Fatalf("%d segments, %v", len(names), err)
	}
	for _, name := range names[:segments-1] {
		if err := os.Truncate(name, 64<<20); err != nil { // sparse
			t.Fatal(err)
		}
	}
	start := time.Now()
	l = open(t, o)
	took := time.Since(start)
	defer closeLog(t, l)
	if r := l.Recovery(); r.Segments != segments || r.Bytes < 100_000_000_000 || r.Scanned > 4096 {
		t.Errorf("recovery: %+v", r)
	}
	t.Logf("opened in %v", took)
	if took > 2*time.Second { // the aim is 0.5 s; machines of tests are slow
		t.Errorf("opened in %v", took)
	}
	c := openCursor(t, l, "main", buffer.CursorOptions{})
	if got := next(t, c); string(got.Index) != "index 0" {
		t.Errorf("first record: %q", got.Index)
	}
}
