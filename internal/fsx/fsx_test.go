package fsx_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

func TestAFileIsReplacedWholeOrNotAtAll(t *testing.T) {
	for at := 1; ; at++ {
		disk := simdisk.New()
		if err := fsx.MkdirAll(disk, "/a/b", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := fsx.WriteFile(disk, "/a/b/f", []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		disk.CrashAt = disk.Ops() + at
		err := fsx.WriteFile(disk, "/a/b/f", []byte("new and longer"), 0o600)
		for _, mode := range simdisk.Modes() {
			for seed := range uint64(10) {
				got, e := fsx.ReadFile(disk.Crash(mode, seed), "/a/b/f", 100)
				if e != nil || string(got) != "new and longer" && (err == nil || string(got) != "old") {
					t.Errorf("crash at %d, %s: write returned %v, then file holds %q, %v", at, mode, err, got, e)
				}
			}
		}
		if err == nil {
			break
		}
	}
}

func TestTheLockIsHeldOnceAndNamesItsOwner(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	lock, err := fsx.OS{}.Lock(name, "42")
	if err != nil {
		t.Fatal(err)
	}
	_, err = fsx.OS{}.Lock(name, "43")
	var locked *fsx.LockedError
	if !errors.As(err, &locked) || locked.Owner != "42" {
		t.Errorf("second lock: %v, want one held by 42", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err = fsx.OS{}.Lock(name, "43")
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheRealFileSystemDoesWhatItSays(t *testing.T) {
	var disk fsx.OS
	dir := filepath.Join(t.TempDir(), "x", "y")
	if err := fsx.MkdirAll(disk, dir, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "f")
	for _, data := range []string{"first", "2nd"} {
		if err := fsx.WriteFile(disk, name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := fsx.ReadFile(disk, name, 5)
		if err != nil || string(got) != data {
			t.Errorf("file holds %q, %v", got, err)
		}
	}
	if _, err := fsx.ReadFile(disk, name, 2); err == nil {
		t.Error("a file larger than the limit was read")
	}
	if err := disk.Rename(name, name+"2"); err != nil {
		t.Error(err)
	}
	if _, err := disk.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat of the old name: %v", err)
	}
	entries, err := disk.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "f2" {
		t.Errorf("folder: %v, %v", entries, err)
	}
	if err := disk.Remove(name + "2"); err != nil {
		t.Error(err)
	}
	space, err := disk.Space(dir)
	if err != nil || space.Total <= 0 || space.Free <= 0 || space.Free > space.Total {
		t.Errorf("space: %+v, %v", space, err)
	}
	if _, err := disk.OpenFile(name, os.O_RDONLY, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open of no file: %v", err)
	}
}
