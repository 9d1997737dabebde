// Package simdisk is a disk in memory for tests. It keeps what was synced apart from what was not, so that a test
// can cut the power at any operation and see what a real disk may hold then; and it fails when told to.
//
// It is stricter than most file systems: a directory entry is durable only after SyncDir, file data only after
// Sync, and after a failed Sync the data stay readable but never reach the disk, as on Linux.
package simdisk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/renthub/sluice/internal/fsx"
)

// ErrCrashed is what every operation returns from the moment the power is cut.
var ErrCrashed = errors.New("power was cut")

// Kind is a kind of operation that changes the disk.
type Kind string

// The operations that change the disk, and are counted.
const (
	Create  Kind = "create"
	Write   Kind = "write"
	Sync    Kind = "sync"
	SyncDir Kind = "syncdir"
	Rename  Kind = "rename"
	Remove  Kind = "remove"
	Mkdir   Kind = "mkdir"
)

// Op is one operation, as it is about to be done.
type Op struct {
	N    int // counted from 1
	Kind Kind
	Name string // the file; for a rename the old name
}

// Disk is a simulated disk. It implements fsx.FS. Set the exported fields before use.
type Disk struct {
	CrashAt  int            // the power is cut in the middle of this operation; 0: never
	Capacity int64          // bytes that all files together may have; 0: no limit
	Fault    func(Op) error // what to return instead of doing an operation; nil error: do it. Called with the disk locked

	mu      sync.Mutex
	ops     int
	log     []Op
	crashed bool
	live    map[string]*node // what a running program sees
	durable map[string]*node // entries that a power cut leaves
	pending []entryOp        // entries not synced
	locks   map[string]string
}

type node struct {
	dir    bool
	data   []byte // as a running program sees it
	synced []byte
	writes []write // not synced
}

type write struct {
	off  int64
	data []byte
}

// entryOp changes an entry of a directory. A nil node removes it; from is the old name of a rename.
type entryOp struct {
	dir, name, from string
	node            *node
}

// New makes an empty disk.
func New() *Disk {
	root := &node{dir: true}
	return &Disk{
		live:    map[string]*node{"/": root},
		durable: map[string]*node{"/": root},
		locks:   map[string]string{},
	}
}

// Ops returns the number of operations so far.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// Log returns the operations so far.
func (d *Disk) Log() []Op {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.log)
}

// begin counts an operation. fail is what to return without doing it; cut means that the power goes while it is
// done: do it, unsynced, and return ErrCrashed.
func (d *Disk) begin(kind Kind, name string) (cut bool, fail error) {
	if d.crashed {
		return false, ErrCrashed
	}
	d.ops++
	op := Op{d.ops, kind, name}
	d.log = append(d.log, op)
	if d.ops == d.CrashAt {
		d.crashed = true
		return true, nil
	}
	if d.Fault != nil {
		return false, d.Fault(op)
	}
	return false, nil
}

func ended(cut bool) error {
	if cut {
		return ErrCrashed
	}
	return nil
}

func clean(name string) string { return path.Clean("/" + filepath.ToSlash(name)) }

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

func (d *Disk) note(op entryOp) {
	op.dir = path.Dir(op.name)
	d.pending = append(d.pending, op)
}

// OpenFile implements fsx.FS.
func (d *Disk) OpenFile(name string, flag int, _ fs.FileMode) (fsx.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		return nil, ErrCrashed
	}
	name = clean(name)
	n := d.live[name]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, pathError("open", name, fs.ErrNotExist)
	case n != nil && n.dir:
		return nil, pathError("open", name, syscall.EISDIR)
	case n == nil || flag&os.O_TRUNC != 0:
		if d.live[path.Dir(name)] == nil {
			return nil, pathError("open", name, fs.ErrNotExist)
		}
		cut, err := d.begin(Create, name)
		if err != nil {
			return nil, pathError("open", name, err)
		}
		n = &node{}
		d.live[name] = n
		d.note(entryOp{name: name, node: n})
		if cut {
			return nil, ErrCrashed
		}
	}
	return &file{disk: d, node: n, name: name}, nil
}

// Rename implements fsx.FS. Between directories it is two changes, either of which may be lost.
func (d *Disk) Rename(oldName, newName string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	oldName, newName = clean(oldName), clean(newName)
	n := d.live[oldName]
	if n == nil {
		return pathError("rename", oldName, fs.ErrNotExist)
	}
	cut, err := d.begin(Rename, oldName)
	if err != nil {
		return pathError("rename", oldName, err)
	}
	delete(d.live, oldName)
	d.live[newName] = n
	if path.Dir(oldName) == path.Dir(newName) {
		d.note(entryOp{name: newName, from: oldName, node: n})
	} else {
		d.note(entryOp{name: newName, node: n})
		d.note(entryOp{name: oldName})
	}
	return ended(cut)
}

// Remove implements fsx.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = clean(name)
	if d.live[name] == nil && !d.crashed {
		return pathError("remove", name, fs.ErrNotExist)
	}
	cut, err := d.begin(Remove, name)
	if err != nil {
		return pathError("remove", name, err)
	}
	delete(d.live, name)
	d.note(entryOp{name: name})
	return ended(cut)
}

// Mkdir implements fsx.FS.
func (d *Disk) Mkdir(name string, _ fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = clean(name)
	if d.live[name] != nil {
		return pathError("mkdir", name, fs.ErrExist)
	}
	cut, err := d.begin(Mkdir, name)
	if err != nil {
		return pathError("mkdir", name, err)
	}
	n := &node{dir: true}
	d.live[name] = n
	d.note(entryOp{name: name, node: n})
	return ended(cut)
}

// SyncDir implements fsx.FS.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = clean(name)
	cut, err := d.begin(SyncDir, name)
	if err != nil {
		return pathError("syncdir", name, err)
	}
	if cut {
		return ErrCrashed
	}
	var rest []entryOp
	for _, op := range d.pending {
		if op.dir != name {
			rest = append(rest, op)
			continue
		}
		op.apply(d.durable)
	}
	d.pending = rest
	return nil
}

func (op entryOp) apply(entries map[string]*node) {
	if op.from != "" {
		delete(entries, op.from)
	}
	if op.node == nil {
		delete(entries, op.name)
		return
	}
	entries[op.name] = op.node
}

// ReadDir implements fsx.FS.
func (d *Disk) ReadDir(name string) ([]fs.DirEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = clean(name)
	if d.crashed {
		return nil, ErrCrashed
	}
	if n := d.live[name]; n == nil || !n.dir {
		return nil, pathError("readdir", name, fs.ErrNotExist)
	}
	var out []fs.DirEntry
	for p, n := range d.live {
		if p != "/" && path.Dir(p) == name {
			out = append(out, fs.FileInfoToDirEntry(n.info(p)))
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// Stat implements fsx.FS.
func (d *Disk) Stat(name string) (fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = clean(name)
	if d.crashed {
		return nil, ErrCrashed
	}
	n := d.live[name]
	if n == nil {
		return nil, pathError("stat", name, fs.ErrNotExist)
	}
	return n.info(name), nil
}

// Space implements fsx.FS.
func (d *Disk) Space(string) (fsx.Space, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		return fsx.Space{}, ErrCrashed
	}
	total := d.Capacity
	if total == 0 {
		total = 1 << 40
	}
	return fsx.Space{Total: total, Free: total - d.used()}, nil
}

// SetCapacity changes the disk's capacity while it is in use.
func (d *Disk) SetCapacity(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Capacity = n
}

func (d *Disk) used() int64 {
	var n int64
	for _, f := range d.live {
		n += int64(len(f.data))
	}
	return n
}

// Lock implements fsx.FS. The lock goes with the power.
func (d *Disk) Lock(name, owner string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		return nil, ErrCrashed
	}
	name = clean(name)
	if by, held := d.locks[name]; held {
		return nil, &fsx.LockedError{Name: name, Owner: by}
	}
	d.locks[name] = owner
	return unlocker(func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.locks, name)
		return nil
	}), nil
}

type unlocker func() error

func (u unlocker) Close() error { return u() }

type info struct {
	name string
	node *node
	size int64
}

func (n *node) info(name string) fs.FileInfo { return info{path.Base(name), n, int64(len(n.data))} }

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.node.dir }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.node.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
