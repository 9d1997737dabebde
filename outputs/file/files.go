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

// maxOpen is how many files are held open.
const maxOpen = 16

// errNotOurs means that something else stands where a file or folder of the
// archive belongs: a link, a pipe. It is left alone.
var errNotOurs = errors.New("not a regular file of the archive")

// files are the files that are being written. For one goroutine at a time.
type files struct {
	root    *os.Root
	sync    bool
	log     *slog.Logger
	metrics metrics
	open    []*appender // the most recently used last

	// The system calls that tests watch, and make fail.
	writeAt    func(f *os.File, b []byte, at int64) (int, error)
	syncFile   func(f *os.File) error
	syncFolder func(root *os.Root, name string) error
}

func newFiles(root *os.Root, syncing bool, log *slog.Logger, m metrics) *files {
	return &files{
		root: root, sync: syncing, log: log, metrics: m,
		writeAt: (*os.File).WriteAt, syncFile: syncData, syncFolder: syncFolder,
	}
}

// appender is an open file. Its first end bytes are whole frames; there is
// nothing behind them.
type appender struct {
	key  key
	name string
	f    *os.File
	end  int64
}

// append writes a frame to the end of a file and makes it durable. After an
// error nothing of it is there, as far as that can be brought about; the next
// append to the file verifies it anew.
func (s *files) append(k key, frame []byte) error {
	a, err := s.get(k)
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

// get returns a file ready to be written.
func (s *files) get(k key) (*appender, error) {
	i := slices.IndexFunc(s.open, func(a *appender) bool { return a.key == k })
	if i >= 0 && s.unchanged(s.open[i]) {
		a := s.open[i]
		s.open = append(slices.Delete(s.open, i, i+1), a)
		return a, nil
	}
	s.forget(k)
	if len(s.open) == maxOpen {
		s.forget(s.open[0].key)
	}
	a, err := s.openFile(k)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", k.name(), err)
	}
	s.open = append(s.open, a)
	return a, nil
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
func (s *files) openFile(k key) (*appender, error) {
	name := k.name()
	if err := s.makeFolder(path.Dir(name)); err != nil {
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
	return &appender{key: k, name: name, f: f, end: end}, nil
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
	if err := s.syncFolder(s.root, "."); err != nil {
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
