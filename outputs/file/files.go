package file

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"slices"
)

// errNotOurs means that something else stands where a file or folder of the
// archive belongs: a link, a pipe. It is left alone.
var errNotOurs = errors.New("not a regular file of the archive")

// files are the files that are being written. For one goroutine at a time.
type files struct {
	root    *os.Root
	sync    bool
	maxOpen int   // files held open
	maxSize int64 // of a file; 0 is no limit
	log     *slog.Logger
	metrics metrics
	open    []*appender // the most recently used last

	// The system calls that tests watch, and make fail.
	writeAt    func(f *os.File, b []byte, at int64) (int, error)
	syncFile   func(f *os.File) error
	syncFolder func(root *os.Root, name string) error
}

func newFiles(root *os.Root, c Config, log *slog.Logger, m metrics) *files {
	return &files{
		root: root, sync: c.Sync, maxOpen: c.MaxOpenFiles, maxSize: int64(c.MaxFileSize), log: log, metrics: m,
		writeAt: (*os.File).WriteAt, syncFile: syncData, syncFolder: syncFolder,
	}
}

// appender is an open file. Its first end bytes are whole frames; there is
// nothing behind them.
type appender struct {
	key  key
	part int
	name string
	f    *os.File
	end  int64
}

// append writes a frame to the end of a file and makes it durable. After an
// error nothing of it is there, as far as that can be brought about; the next
// append to the file verifies it anew.
func (s *files) append(k key, frame []byte) error {
	a, err := s.get(k, int64(len(frame)))
	if err != nil {
		return err
	}
	_, err = s.writeAt(a.f, frame, a.end)
	if err == nil && s.sync {
		err = s.syncFile(a.f)
	}
	if err != nil {
		err = errors.Join(err, a.f.Truncate(a.end))
		s.forget(k)
		return fmt.Errorf("append to %s: %w", a.name, err)
	}
	a.end += int64(len(frame))
	return nil
}

// get returns a file that has room for a frame of size bytes, ready to be
// written.
func (s *files) get(k key, size int64) (*appender, error) {
	i := slices.IndexFunc(s.open, func(a *appender) bool { return a.key == k })
	if i >= 0 && s.unchanged(s.open[i]) {
		a := s.open[i]
		s.open = append(slices.Delete(s.open, i, i+1), a)
	} else {
		s.forget(k)
		part, err := s.lastPart(k)
		if err != nil {
			return nil, fmt.Errorf("look for parts of %s: %w", k.name(0), err)
		}
		if err := s.hold(k, part); err != nil {
			return nil, err
		}
	}
	if a := s.open[len(s.open)-1]; s.isFull(a, size) {
		if err := s.leave(a); err != nil {
			return nil, err
		}
		if err := s.hold(k, a.part+1); err != nil {
			return nil, err
		}
	}
	return s.open[len(s.open)-1], nil
}

// isFull reports whether a frame of size bytes belongs to the next part. One
// that is larger than a whole file stands alone.
func (s *files) isFull(a *appender, size int64) bool {
	return s.maxSize > 0 && a.end > 0 && a.end+size > s.maxSize && a.part < maxPart
}

// hold opens a part and makes room for it among the open files.
func (s *files) hold(k key, part int) error {
	if len(s.open) >= s.maxOpen {
		s.forget(s.open[0].key)
	}
	a, err := s.openFile(k, part)
	if err != nil {
		return fmt.Errorf("open %s: %w", k.name(part), err)
	}
	s.open = append(s.open, a)
	return nil
}

// leave closes a part that is full. Nobody will look at it again, so it is
// made durable now if it was not frame by frame.
func (s *files) leave(a *appender) error {
	if !s.sync {
		if err := s.syncFile(a.f); err != nil {
			return fmt.Errorf("sync %s: %w", a.name, err)
		}
	}
	s.forget(a.key)
	return nil
}

// lastPart returns the number of the last part of a day, which is the one to
// be written.
func (s *files) lastPart(k key) (int, error) {
	if s.maxSize == 0 {
		return 0, nil
	}
	last := 0
	list, err := entries(s.root, k.folder)
	for _, e := range list {
		day, part, ok := readName(e.Name())
		if ok && part > last && day.UnixMilli()/dayMillis == k.day {
			last = part
		}
	}
	return last, err
}

// unchanged reports whether a still is the file of its name and as long as we
// left it. A person may have moved it away; what is written to it then would
// be lost.
func (s *files) unchanged(a *appender) bool {
	here, err := s.root.Lstat(a.name)
	if err != nil {
		return false
	}
	ours, err := a.f.Stat()
	return err == nil && os.SameFile(here, ours) && ours.Size() == a.end
}

// openFile opens or makes a file, and cuts off what a crash has torn.
func (s *files) openFile(k key, part int) (*appender, error) {
	name := k.name(part)
	if err := s.makeFolders(k.folder); err != nil {
		return nil, err
	}
	f, err := s.openRegular(name)
	if err != nil {
		return nil, err
	}
	end, err := s.repair(f, name)
	if errors.Is(err, errDamaged) {
		f.Close()
		if err := s.setAside(name); err != nil {
			return nil, err
		}
		if f, err = s.openRegular(name); err != nil {
			return nil, err
		}
		end, err = 0, nil
	}
	if err == nil && end == 0 && s.sync { // it may be new
		err = s.syncFolder(s.root, path.Dir(name))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &appender{key: k, part: part, name: name, f: f, end: end}, nil
}

// makeFolders makes a folder and those above it.
func (s *files) makeFolders(name string) error {
	for i := range len(name) {
		if name[i] == '/' {
			if err := s.makeFolder(name[:i]); err != nil {
				return err
			}
		}
	}
	return s.makeFolder(name)
}

func (s *files) makeFolder(name string) error {
	info, err := s.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := s.root.Mkdir(name, 0o700); err != nil {
			return err
		}
		return s.keepFolder(name)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("folder %s: %w", name, errNotOurs)
	}
	return nil
}

// keepFolder makes a new folder's entry durable. If that fails the folder goes
// again, so that the next try does not take it for an old one.
func (s *files) keepFolder(name string) error {
	if !s.sync {
		return nil
	}
	if err := s.syncFolder(s.root, path.Dir(name)); err != nil {
		return errors.Join(err, s.root.Remove(name))
	}
	return nil
}

// openRegular opens a file, which may be new, and never through a link.
func (s *files) openRegular(name string) (*os.File, error) {
	before, err := s.root.Lstat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil && !before.Mode().IsRegular() {
		return nil, errNotOurs
	}
	f, err := s.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	here, err := s.root.Lstat(name)
	if err == nil {
		var ours os.FileInfo
		if ours, err = f.Stat(); err == nil && (!ours.Mode().IsRegular() || !os.SameFile(here, ours)) {
			err = errNotOurs
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// forget closes a file, if it is open.
func (s *files) forget(k key) {
	i := slices.IndexFunc(s.open, func(a *appender) bool { return a.key == k })
	if i < 0 {
		return
	}
	s.open[i].f.Close() // nothing is buffered: a failure to close loses nothing
	s.open = slices.Delete(s.open, i, i+1)
}

func (s *files) close() error {
	var all error
	for _, a := range s.open {
		if !s.sync {
			all = errors.Join(all, s.syncFile(a.f))
		}
		all = errors.Join(all, a.f.Close())
	}
	s.open = nil
	return errors.Join(all, s.root.Close())
}
