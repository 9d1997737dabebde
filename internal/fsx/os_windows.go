package fsx

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// SyncDir implements FS. NTFS journals its directories; there is nothing to call.
func (OS) SyncDir(string) error { return nil }

// Space implements FS.
func (OS) Space(name string) (Space, error) {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return Space{}, err
	}
	var free, total uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, &total, nil); err != nil {
		return Space{}, os.NewSyscallError("GetDiskFreeSpaceEx", err)
	}
	return Space{Total: int64(total), Free: int64(free)}, nil
}

// Lock implements FS. It locks one byte far behind the content, so that others can read the owner.
func (OS) Lock(name, owner string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	at := &windows.Overlapped{Offset: 1 << 20}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return nil, errors.Join(lockedBy(name, f), f.Close())
	}
	if err != nil {
		return nil, errors.Join(os.NewSyscallError("LockFileEx", err), f.Close())
	}
	if err := writeOwner(f, owner); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
