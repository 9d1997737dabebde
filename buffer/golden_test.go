package buffer_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/buffer"
)

var update = flag.Bool("update", false, "write the golden folder of the current format version anew")

// TestFoldersOfEveryVersionCanBeRead reads folders that earlier programs wrote. Those of released versions are never
// written again.
func TestFoldersOfEveryVersionCanBeRead(t *testing.T) {
	if *update {
		writeGolden(t, filepath.Join("testdata", "v1"))
	}
	versions, err := filepath.Glob(filepath.Join("testdata", "v*"))
	if err != nil || len(versions) == 0 {
		t.Fatal("no golden folders", err)
	}
	for _, dir := range versions {
		t.Run(filepath.Base(dir), func(t *testing.T) { readGolden(t, dir) })
	}
}

func writeGolden(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	o := smallOptions(dir)
	o.SegmentSize = 4000
	o.Now = func() time.Time { return time.UnixMilli(1_700_000_000_000) }
	for run := range 2 {
		l := open(t, o)
		a := openCursor(t, l, "a", buffer.CursorOptions{From: buffer.Oldest})
		openCursor(t, l, "B/ü", buffer.CursorOptions{From: buffer.Oldest})
		for i := range 4 {
			r := record(run*4+i, 3)
			r.Body = append(r.Body, make([]byte, 700)...)
			r.State = []buffer.Entry{{Key: "last", Value: []byte{byte(run*4 + i)}}, {Key: "gone", Value: []byte("x")}}
			state := &buffer.Record{State: []buffer.Entry{{Key: "gone"}, {Key: "empty", Value: []byte{}}}}
			appendCut(t, l, r, state)
			if err := l.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		item := next(t, a)
		a.Ack(item.First, 3)
		item = next(t, a)
		a.Ack(item.First+1, 1)
		closeLog(t, l)
	}
}

func readGolden(t *testing.T, golden string) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(golden)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := buffer.Verify(dir)
	if err != nil || len(report.Lost) > 0 || report.Documents != 24 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	l := open(t, smallOptions(dir))
	defer closeLog(t, l)
	want := map[string][]byte{"last": {7}, "empty": {}}
	if diff := cmp.Diff(l.State(), want); diff != "" {
		t.Errorf("state (-got +want):\n%s", diff)
	}
	a := openCursor(t, l, "a", buffer.CursorOptions{})
	b := openCursor(t, l, "B/ü", buffer.CursorOptions{})
	if got := a.Stats(); got.Pending != 24-6-2+1 {
		t.Errorf("cursor a: %+v", got)
	}
	for i := range 8 {
		item := next(t, b)
		if diff := cmp.Diff(string(item.Index), string(record(i, 3).Index)); diff != "" {
			t.Errorf("record %d (-got +want):\n%s", i, diff)
		}
	}
}
