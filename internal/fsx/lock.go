package fsx

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// maxOwner is how much of a lock file is read: it may be anybody's garbage.
const maxOwner = 256

func lockedBy(name string, f *os.File) error {
	buf := make([]byte, maxOwner)
	n, err := f.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		n = 0
	}
	return &LockedError{Name: name, Owner: strings.TrimSpace(string(buf[:n]))}
}

// writeOwner leaves a note for people. A full or read-only disk must not keep us from the lock itself.
func writeOwner(f *os.File, owner string) error {
	err := f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(owner+"\n"), 0)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
