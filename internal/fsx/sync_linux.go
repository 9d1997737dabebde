package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// Reserve takes room on the disk for the file's first size bytes without writing them, which costs no wear. Where the
// file system cannot, it returns an error and the caller writes.
func (f osFile) Reserve(size int64) error {
	return os.NewSyscallError("fallocate", unix.Fallocate(int(f.Fd()), 0, 0, size))
}

// syncData uses fdatasync: it leaves out times and the like, and so spares a journal commit.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
