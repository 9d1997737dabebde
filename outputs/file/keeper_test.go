package file

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
)

// put makes empty files below dir, which nobody has written to for years.
func put(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		touch(t, name, time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC))
	}
}

// touch sets when a file was last written to.
func touch(t *testing.T, name string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestAnOldEventIsKeptFromWhenItCame(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "debug/2001-01-01.ndjson.gz", "debug/2001-01-02.ndjson.gz")
	d := deps(t)
	d.Classes = []outputs.Class{{Name: "debug", Keep: 72 * time.Hour}}
	touch(t, dir+"/debug/2001-01-02.ndjson.gz", d.Now().Add(-71*time.Hour))
	closeArchive(t, openAt(t, dir, d))
	if diff := cmp.Diff(names(t, dir), []string{"debug/2001-01-02.ndjson.gz"}); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(dir + "/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		rel, err := filepath.Rel(dir, found[i])
		if err != nil {
			t.Fatal(err)
		}
		found[i] = filepath.ToSlash(rel)
	}
	slices.Sort(found)
	return found
}

func TestFilesAreDeletedWhenTheirDaysAreOver(t *testing.T) {
	dir := t.TempDir()
	put(t, dir,
		"debug/2026-11-24.ndjson.gz",
		"debug/2026-11-21.ndjson.gz", // its last event is 2.5 days old
		"debug/2026-11-20.ndjson.gz", // its last event is 3.5 days old
		"debug/2026-11-20.damaged-1", "debug/notes.txt", "debug/2026-11-20.ndjson.gz.bak",
		"for_ever/2001-01-01.ndjson.gz",
		"not_a_class/2001-01-01.ndjson.gz",
	)
	d := deps(t)
	d.Classes = []outputs.Class{{Name: "debug", Keep: 72 * time.Hour}, {Name: "for_ever"}}
	closeArchive(t, openAt(t, dir, d))
	want := []string{
		"debug/2026-11-20.damaged-1", "debug/2026-11-20.ndjson.gz.bak",
		"debug/2026-11-21.ndjson.gz", "debug/2026-11-24.ndjson.gz", "debug/notes.txt",
		"for_ever/2001-01-01.ndjson.gz", "not_a_class/2001-01-01.ndjson.gz",
	}
	if diff := cmp.Diff(names(t, dir), want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
}

func TestNothingIsDeletedThroughALink(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	put(t, outside, "x/2001-01-01.ndjson.gz")
	if err := os.Symlink(outside+"/x", dir+"/debug"); err != nil {
		t.Skip(err)
	}
	put(t, dir, "audit/placeholder")
	if err := os.Symlink(outside+"/x/2001-01-01.ndjson.gz", dir+"/audit/2001-01-01.ndjson.gz"); err != nil {
		t.Fatal(err)
	}
	closeArchive(t, openAt(t, dir, deps(t)))
	if _, err := os.Lstat(dir + "/audit/2001-01-01.ndjson.gz"); err != nil {
		t.Errorf("a link that is not ours: %v, want it left alone", err)
	}
	if got := names(t, outside); len(got) != 1 {
		t.Errorf("outside of the archive: %v, want the file that was there", got)
	}
}

func TestALinkToAnotherClassDeletesNothingThere(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "audit/2026-11-01.ndjson.gz") // kept for 400 days
	if err := os.Symlink("audit", dir+"/debug"); err != nil {
		t.Skip(err)
	}
	closeArchive(t, openAt(t, dir, deps(t)))
	if _, err := os.Stat(dir + "/audit/2026-11-01.ndjson.gz"); err != nil {
		t.Errorf("the other class's file: %v", err)
	}
}

func TestFilesAreLookedAtEveryHour(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d := deps(t)
		d.Now = time.Now // the bubble's, which begins at 2000-01-01
		d.Classes = []outputs.Class{{Name: "debug", Keep: 3 * 24 * time.Hour}}
		a := openAt(t, dir, d)
		send(t, a, docAt(time.Now(), "debug", 1))
		touch(t, filepath.Join(dir, names(t, dir)[0]), time.Now())
		wait := func(hours int, want int) {
			t.Helper()
			time.Sleep(time.Duration(hours) * time.Hour) // of the fake clock
			synctest.Wait()
			if got := len(names(t, dir)); got != want {
				t.Errorf("%v: %d files, want %d", time.Now().UTC(), got, want)
			}
		}
		wait(95, 1)
		wait(2, 0) // the day's end and three days are 96 hours
		if got := len(a.files.open); got != 0 {
			t.Errorf("%d files are open, want that of the deleted file closed", got)
		}
		send(t, a, docAt(time.Now(), "debug", 2))
		if got := len(names(t, dir)); got != 1 {
			t.Errorf("%d files after a new day, want 1", got)
		}
		closeArchive(t, a)
	})
}

func TestTheLongerTimeHoldsInASharedFolder(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		classes []outputs.Class
		want    time.Duration
	}{
		{[]outputs.Class{{Name: "a/b", Keep: day}, {Name: "c/d", Keep: 2 * day}}, 2 * day},
		{[]outputs.Class{{Name: "a/b", Keep: 2 * day}, {Name: "c/d", Keep: day}}, 2 * day},
		{[]outputs.Class{{Name: "a/b", Keep: 2 * day}, {Name: "c/d"}}, 0},
		{[]outputs.Class{{Name: "a/b"}, {Name: "c/d", Keep: day}}, 0},
	} {
		f, err := newForm(expr.Literal("archive"))
		if err != nil {
			t.Fatal(err)
		}
		k := keeper{form: f, classes: c.classes}
		got, deleted := k.keepOf([]string{confined})
		if got != c.want || deleted != (c.want > 0) {
			t.Errorf("%v: kept %v, deleted then: %t, want %v", c.classes, got, deleted, c.want)
		}
	}
}
