package file

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// small makes each file hold two frames of one short document.
func small(a *archive) { a.files.maxSize = 100 }

func TestAFullFileIsFollowedByTheNext(t *testing.T) {
	dir := t.TempDir()
	for start := range 3 { // what was there before the start is gone on with
		a := openAt(t, dir, deps(t))
		small(a)
		send(t, a, docAt(noon, "audit", 2*start))
		send(t, a, docAt(noon, "audit", 2*start+1), docAt(noon.AddDate(0, 0, -1), "audit", 9))
		closeArchive(t, a)
	}
	got := tree(t, dir)
	want := map[string][]string{
		"audit/2026-11-24.ndjson.gz": numbers(2), "audit/2026-11-24.1.ndjson.gz": {`{"n":2}`, `{"n":3}`}, "audit/2026-11-24.2.ndjson.gz": {`{"n":4}`, `{"n":5}`},
		"audit/2026-11-23.ndjson.gz": {`{"n":9}`, `{"n":9}`}, "audit/2026-11-23.1.ndjson.gz": {`{"n":9}`},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
}

func TestAFrameLargerThanAFileStandsAlone(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	a.files.maxSize = 1
	for i := range 3 {
		send(t, a, docAt(noon, "audit", i))
	}
	closeArchive(t, a)
	want := map[string][]string{
		"audit/2026-11-24.ndjson.gz": {`{"n":0}`}, "audit/2026-11-24.1.ndjson.gz": {`{"n":1}`}, "audit/2026-11-24.2.ndjson.gz": {`{"n":2}`},
	}
	if diff := cmp.Diff(tree(t, dir), want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
}

// A crash tears the last part, at any byte: with the first frame of a new one
// torn, or a later one.
func TestATornPartIsCutToItsWholeFrames(t *testing.T) {
	content, ends := archiveOf(t, 2)
	last := "audit/2026-11-24.2.ndjson.gz"
	for n := range len(content) + 1 {
		dir := plant(t, content)
		for _, name := range []string{"audit/2026-11-24.1.ndjson.gz", last} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Truncate(filepath.Join(dir, last), int64(n)); err != nil {
			t.Fatal(err)
		}
		a := openAt(t, dir, deps(t))
		a.files.maxSize = 1000
		send(t, a, docAt(noon, "audit", 99))
		closeArchive(t, a)
		want := map[string][]string{today: numbers(2), "audit/2026-11-24.1.ndjson.gz": numbers(2), last: numbers(whole(ends, n), 99)}
		if diff := cmp.Diff(tree(t, dir), want); diff != "" {
			t.Fatalf("torn at byte %d (-got +want):\n%s", n, diff)
		}
	}
}

func TestAWriteThatFailsInANewPartLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	small(a)
	send(t, a, docAt(noon, "audit", 0))
	send(t, a, docAt(noon, "audit", 1))
	sync := a.files.syncFile
	a.files.syncFile = func(*os.File) error { return errDisk }
	if err := a.Send(t.Context(), request(docAt(noon, "audit", 2))); !errors.Is(err, errDisk) {
		t.Fatalf("got %v, want the disk's error", err)
	}
	a.files.syncFile = sync
	send(t, a, docAt(noon, "audit", 2))
	closeArchive(t, a)
	want := map[string][]string{today: numbers(2), "audit/2026-11-24.1.ndjson.gz": {`{"n":2}`}}
	if diff := cmp.Diff(tree(t, dir), want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
}

func TestAFullFileIsSyncedOnceWithoutSync(t *testing.T) {
	dir := t.TempDir()
	a := openWith(t, dir, deps(t), func(c *Config) { c.Sync = false })
	small(a)
	var synced []string
	a.files.syncFile = func(f *os.File) error { synced = append(synced, filepath.Base(f.Name())); return nil }
	for i := range 4 {
		send(t, a, docAt(noon, "audit", i))
	}
	if diff := cmp.Diff(synced, []string{"2026-11-24.ndjson.gz"}); diff != "" {
		t.Errorf("synced (-got +want):\n%s", diff)
	}
	closeArchive(t, a)
}

func TestPartsAreDeletedAndFoldersWithThem(t *testing.T) {
	dir := t.TempDir()
	put(t, dir,
		"a/debug/2026-11-20.ndjson.gz", "a/debug/2026-11-20.1.ndjson.gz", "a/debug/2026-11-20.12.ndjson.gz",
		"b/debug/2026-11-20.ndjson.gz", "b/debug/notes.txt",
		"c/audit/2026-11-20.ndjson.gz", "c/debug/2026-11-20.ndjson.gz",
		"debug/2026-11-20.ndjson.gz", "d/debug/e/2026-11-20.ndjson.gz", // of another path
		"f/gone/2001-01-01.ndjson.gz", // of a class that the config has not
	)
	if err := os.MkdirAll(filepath.Join(dir, "g", "debug"), 0o700); err != nil {
		t.Fatal(err)
	}
	d := deps(t)
	a := openWith(t, dir, d, func(c *Config) { c.Path = template(t, dir+"/${service.name}") })
	closeArchive(t, a)
	want := map[string]bool{
		"b/debug/notes.txt": true, "c/audit/2026-11-20.ndjson.gz": true, "debug/2026-11-20.ndjson.gz": true,
		"d/debug/e/2026-11-20.ndjson.gz": true, "f/gone/2001-01-01.ndjson.gz": true,
	}
	if diff := cmp.Diff(treeOfNames(t, dir), want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
	for name, want := range map[string]bool{"a": false, "b/debug": true, "c/debug": false, "c": true, "g/debug": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("folder %s: %v, want there: %t", name, err, want)
		}
	}
}

func treeOfNames(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != lockName {
			rel, _ := filepath.Rel(dir, name)
			names[filepath.ToSlash(rel)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestADeletedPartIsNotWrittenTo(t *testing.T) {
	dir := t.TempDir()
	d := deps(t)
	now := noon
	d.Now = func() time.Time { return now }
	a := openWith(t, dir, d, func(c *Config) { c.Path = template(t, dir+"/${service.name}") })
	send(t, a, serviceDoc("a", "debug", 1))
	now = noon.AddDate(0, 0, 10)
	touch(t, filepath.Join(dir, "a/debug/2026-11-24.ndjson.gz"), noon)
	a.expire()
	if len(a.files.open) > 0 || len(treeOfNames(t, dir)) > 0 {
		t.Errorf("%d files are open, and there are %v, want none", len(a.files.open), treeOfNames(t, dir))
	}
	send(t, a, serviceDoc("a", "debug", 2)) // an old event that came late, to the folder that is gone
	closeArchive(t, a)
	if got := tree(t, dir)["a/debug/2026-11-24.ndjson.gz"]; len(got) != 1 {
		t.Errorf("got %v, want the late document", got)
	}
}
