package simdisk

import (
	"io"
	"io/fs"
	"slices"
	"syscall"
)

// file implements fsx.File.
type file struct {
	disk *Disk
	node *node
	name string
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.crashed {
		return 0, ErrCrashed
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt. On a disk that is full it writes what fits.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	d := f.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	cut, err := d.begin(Write, f.name)
	if err != nil {
		return 0, pathError("write", f.name, err)
	}
	fits := p
	if grow := off + int64(len(p)) - int64(len(f.node.data)); d.Capacity > 0 && grow > 0 {
		if over := d.used() + grow - d.Capacity; over > 0 {
			fits = p[:max(0, int64(len(p))-over)]
		}
	}
	f.node.data = put(f.node.data, fits, off)
	f.node.writes = append(f.node.writes, write{off, slices.Clone(fits)})
	switch {
	case cut:
		return 0, ErrCrashed
	case len(fits) < len(p):
		return len(fits), pathError("write", f.name, syscall.ENOSPC)
	}
	return len(p), nil
}

// put writes p into data at off, which grows as needed.
func put(data, p []byte, off int64) []byte {
	if end := int(off) + len(p); end > len(data) {
		data = slices.Grow(data, end-len(data))
		old := len(data)
		data = data[:end]
		clear(data[old:])
	}
	copy(data[off:], p)
	return data
}

// Sync implements fsx.File. After an error nothing written before will ever reach the disk.
func (f *file) Sync() error {
	d := f.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	cut, err := d.begin(Sync, f.name)
	if err != nil {
		if !d.crashed {
			f.node.writes = nil
		}
		return pathError("sync", f.name, err)
	}
	if cut {
		return ErrCrashed
	}
	for _, w := range f.node.writes {
		f.node.synced = put(f.node.synced, w.data, w.off)
	}
	f.node.writes = nil
	return nil
}

// Stat implements fsx.File.
func (f *file) Stat() (fs.FileInfo, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.crashed {
		return nil, ErrCrashed
	}
	return f.node.info(f.name), nil
}

// Close implements io.Closer.
func (f *file) Close() error { return nil }
