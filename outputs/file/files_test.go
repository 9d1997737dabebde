package file

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

var errDisk = errors.New("disk error")

func TestAFailedWriteLeavesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(s *files)
	}{
		{"a write that stops half way", func(s *files) {
			s.writeAt = func(f *os.File, b []byte, at int64) (int, error) {
				n, _ := f.WriteAt(b[:len(b)/2], at)
				return n, errDisk
			}
		}},
		{"a sync that fails", func(s *files) { s.syncFile = func(*os.File) error { return errDisk } }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			a := openAt(t, dir, deps(t))
			send(t, a, docAt(noon, "audit", 0))
			write, sync := a.files.writeAt, a.files.syncFile
			c.fail(a.files)
			before := a.files.open[0].f
			if err := a.Send(t.Context(), request(docAt(noon, "audit", 1))); !errors.Is(err, errDisk) {
				t.Fatalf("got %v, want the disk's error", err)
			}
			if diff := cmp.Diff(lines(t, filepath.Join(dir, today)), numbers(1)); diff != "" {
				t.Errorf("after the failure (-got +want):\n%s", diff)
			}
			a.files.writeAt, a.files.syncFile = write, sync
			send(t, a, docAt(noon, "audit", 1))
			if a.files.open[0].f == before {
				t.Error("the descriptor that failed is used again")
			}
			closeArchive(t, a)
			if diff := cmp.Diff(lines(t, filepath.Join(dir, today)), numbers(2)); diff != "" {
				t.Errorf("at the end (-got +want):\n%s", diff)
			}
		})
	}
}

func TestADocumentCountsOnceItIsSynced(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	synced := 0
	a.files.syncFile = func(f *os.File) error {
		info, err := f.Stat()
		synced = int(info.Size())
		return err
	}
	send(t, a, docAt(noon, "audit", 1))
	info, err := os.Stat(filepath.Join(dir, today))
	if err != nil {
		t.Fatal(err)
	}
	if synced != int(info.Size()) || synced == 0 {
		t.Errorf("synced %d of %d bytes when Send returned", synced, info.Size())
	}
	closeArchive(t, a)
}

func TestAFolderThatCouldNotBeSyncedIsMadeAgain(t *testing.T) {
	a := openAt(t, t.TempDir(), deps(t))
	synced := 0
	a.files.syncFolder = func(*os.Root, string) error { return errDisk }
	if err := a.Send(t.Context(), request(docAt(noon, "audit", 1))); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want the disk's error", err)
	}
	a.files.syncFolder = func(*os.Root, string) error { synced++; return nil }
	send(t, a, docAt(noon, "audit", 1))
	closeArchive(t, a)
	if synced != 2 {
		t.Errorf("%d folders synced, want that of the class and the one above", synced)
	}
}

func TestANewFileIsInItsFolderForGood(t *testing.T) {
	a := openAt(t, t.TempDir(), deps(t))
	var synced []string
	a.files.syncFolder = func(_ *os.Root, name string) error { synced = append(synced, name); return nil }
	send(t, a, docAt(noon, "audit", 1), docAt(noon.AddDate(0, 0, -1), "audit", 2))
	send(t, a, docAt(noon, "audit", 3))
	closeArchive(t, a)
	if diff := cmp.Diff(synced, []string{".", "audit", "audit"}); diff != "" {
		t.Errorf("synced folders (-got +want):\n%s", diff)
	}
}

func TestOnlyTheFileThatFailedIsSentAgain(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	if err := os.WriteFile(filepath.Join(dir, "debug"), nil, 0o600); err != nil { // where a folder belongs
		t.Fatal(err)
	}
	docs := []event.Doc{docAt(noon, "debug", 0), docAt(noon, "audit", 1), docAt(noon, "debug", 2)}
	err := a.Send(t.Context(), request(docs...))
	var partial *outputs.Partial
	if !errors.As(err, &partial) {
		t.Fatalf("got %v, want Partial", err)
	}
	var got []int
	for _, f := range partial.Failed {
		got = append(got, f.Index)
		if f.Answer != outputs.NeedConfig || f.Reason == "" {
			t.Errorf("document %d: answer %d, reason %q", f.Index, f.Answer, f.Reason)
		}
	}
	if diff := cmp.Diff(got, []int{0, 2}); diff != "" {
		t.Errorf("failed (-got +want):\n%s", diff)
	}
	closeArchive(t, a)
}

func TestAFileMovedAwayIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	send(t, a, docAt(noon, "audit", 0))
	if err := os.Rename(filepath.Join(dir, today), filepath.Join(dir, "taken.gz")); err != nil {
		t.Fatal(err)
	}
	send(t, a, docAt(noon, "audit", 1))
	closeArchive(t, a)
	if diff := cmp.Diff(lines(t, filepath.Join(dir, today)), []string{`{"n":1}`}); diff != "" {
		t.Errorf("today's file (-got +want):\n%s", diff)
	}
}

func TestAFileThatAnotherCutIsVerifiedAgain(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	send(t, a, docAt(noon, "audit", 0))
	send(t, a, docAt(noon, "audit", 1))
	info, err := os.Stat(filepath.Join(dir, today))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, today), info.Size()-1); err != nil {
		t.Fatal(err)
	}
	send(t, a, docAt(noon, "audit", 2))
	closeArchive(t, a)
	if diff := cmp.Diff(lines(t, filepath.Join(dir, today)), numbers(1, 2)); diff != "" {
		t.Errorf("today's file (-got +want):\n%s", diff)
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	for _, c := range []struct {
		name  string
		plant func(dir, outside string) error
	}{
		{"a file that is a link out of the archive", func(dir, outside string) error {
			return errors.Join(os.Mkdir(dir+"/audit", 0o700), os.Symlink(outside+"/victim", dir+"/"+today))
		}},
		{"a file that is a link to another in the archive", func(dir, outside string) error {
			return errors.Join(os.Mkdir(dir+"/audit", 0o700), os.Symlink("other.gz", dir+"/"+today))
		}},
		{"a folder that is a link", func(dir, outside string) error { return os.Symlink(outside, dir+"/audit") }},
		{"a folder in a file's place", func(dir, outside string) error { return os.MkdirAll(dir+"/"+today, 0o700) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			if err := c.plant(dir, outside); err != nil {
				t.Skip(err)
			}
			a := openAt(t, dir, deps(t))
			err := a.Send(t.Context(), request(docAt(noon, "audit", 1)))
			var person *outputs.Misconfigured
			if !errors.As(err, &person) {
				t.Errorf("got %v, want Misconfigured", err)
			}
			closeArchive(t, a)
			entries, err := os.ReadDir(outside)
			if err != nil || len(entries) > 0 {
				t.Errorf("outside of the archive: %v %v", entries, err)
			}
		})
	}
}

func TestFewFilesAreHeldOpen(t *testing.T) {
	dir := t.TempDir()
	const maxOpen = 16
	a := openWith(t, dir, deps(t), func(c *Config) { c.MaxOpenFiles = maxOpen })
	for round := range 2 {
		for day := range 2 * maxOpen {
			send(t, a, docAt(noon.AddDate(0, 0, -day), "for_ever", round))
			if got := len(a.files.open); got > maxOpen {
				t.Fatalf("%d files are open, want at most %d", got, maxOpen)
			}
		}
	}
	closeArchive(t, a)
	for name, got := range tree(t, dir) {
		if strings.Join(got, " ") != `{"n":0} {"n":1}` {
			t.Errorf("%s: %q", name, got)
		}
	}
}
