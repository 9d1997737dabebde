// Package fsx is the file system as the parts of Sluice that must survive a crash see it.
//
// It is small on purpose: what is not here (truncation, links, memory maps) is not used. The real
// implementation is OS; internal/fsx/simdisk is one that loses power.
package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// FS is a file system. All methods may be called concurrently. Names are paths as package os takes them.
type FS interface {
	// OpenFile opens a file as os.OpenFile does.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename moves a file, replacing what stands at the new name. It is durable only after SyncDir.
	Rename(oldName, newName string) error
	// Remove unlinks a file or an empty directory. It is durable only after SyncDir.
	Remove(name string) error
	// ReadDir lists a directory, sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Mkdir creates a directory. It is durable only after SyncDir of its parent.
	Mkdir(name string, perm fs.FileMode) error
	// SyncDir makes the entries of a directory durable: files created, renamed and removed in it.
	SyncDir(name string) error
	// Stat describes a file.
	Stat(name string) (fs.FileInfo, error)
	// Space returns the size of the file system that holds name and what of it this user can still fill.
	Space(name string) (Space, error)
	// Lock takes an exclusive lock on a file, creating it, and writes owner into it. It never waits: if
	// another holds the lock, the error is a *LockedError. Closing releases it.
	Lock(name, owner string) (io.Closer, error)
}

// File is an open file. It is safe for concurrent use where the ranges do not overlap.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes the file's data, and what is needed to read it, durable. After an error nothing is
	// known of any byte written since the last success, and a second Sync may lie.
	Sync() error
	// Stat describes the file.
	Stat() (fs.FileInfo, error)
}

// Reserver is implemented by files that can take room on the disk without being written.
type Reserver interface{ Reserve(size int64) error }

// Space is the room on a file system, in bytes.
type Space struct{ Total, Free int64 }

// LockedError says that another process holds a lock.
type LockedError struct {
	Name  string // the lock file
	Owner string // what the holder wrote into it; empty if unreadable
}

// Error implements error.
func (e *LockedError) Error() string { return fmt.Sprintf("lock %s: held by %q", e.Name, e.Owner) }

// WriteFile replaces name with data so that a crash leaves the old content or the new, never a mix: it
// writes name.tmp, syncs it, renames it and syncs the directory.
func WriteFile(fsys FS, name string, data []byte, perm fs.FileMode) error {
	tmp := name + ".tmp"
	if err := writeSynced(fsys, tmp, data, perm); err != nil {
		return errors.Join(err, fsys.Remove(tmp))
	}
	if err := fsys.Rename(tmp, name); err != nil {
		return errors.Join(err, fsys.Remove(tmp))
	}
	return fsys.SyncDir(filepath.Dir(name))
}

func writeSynced(fsys FS, name string, data []byte, perm fs.FileMode) error {
	f, err := fsys.OpenFile(name, createFlags, perm)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// MkdirAll creates a directory and its missing parents, and makes their entries durable.
func MkdirAll(fsys FS, name string, perm fs.FileMode) error {
	if info, err := fsys.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(name)
	if parent != name {
		if err := MkdirAll(fsys, parent, perm); err != nil {
			return err
		}
	}
	if err := fsys.Mkdir(name, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fsys.SyncDir(parent)
}

// ReadFile reads a whole file of at most limit bytes.
func ReadFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, 0, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("read %s: %d bytes are more than %d", name, info.Size(), limit)
	}
	data := make([]byte, info.Size())
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data[:n], nil
}
