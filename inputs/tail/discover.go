package tail

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/renthub/sluice/event"
)

// see looks at a path that is to be read: is it known, was it replaced, is it new, has it gone?
func (s *scanner) see(path string) {
	info, id, err := look(path)
	g := s.byPath[path]
	if err != nil {
		if g != nil && errors.Is(err, fs.ErrNotExist) {
			s.loseName(g)
		} else if !errors.Is(err, fs.ErrNotExist) {
			s.refuse(path, err)
		}
		return
	}
	if g != nil && g.id == id {
		g.seen = s.scan
		s.measure(g, info)
		return
	}
	if !info.Mode().IsRegular() {
		if g != nil {
			s.loseName(g)
		}
		if !info.IsDir() {
			s.refuse(path, errNotRegular)
		}
		return
	}
	if s.t.own.has(path, id) {
		return
	}
	if g != nil {
		if s.remounted(g, path, id) {
			return
		}
		s.loseName(g)
	}
	if h := s.byID[id]; h != nil {
		s.seeAgain(h, path, id, info)
		return
	}
	s.discover(path, id, info)
}

// refuse notes that a path is not read, and says so once.
func (s *scanner) refuse(path string, err error) {
	why := err.Error()
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		why = pathErr.Err.Error()
	}
	s.t.mu.Lock()
	_, known := s.t.refused[path]
	if len(s.t.refused) < 1000 {
		s.t.refused[path] = why
	}
	s.t.mu.Unlock()
	if !known {
		s.t.metrics.refused.Inc()
		s.t.deps.Logger.Warn("file is not read", "path", path, "reason", why)
	}
}

func (s *scanner) accept(path string) {
	s.t.mu.Lock()
	delete(s.t.refused, path)
	s.t.mu.Unlock()
}

// discover handles a file that is not known: it holds what a generation without a body had, or a copy of another, or is new.
func (s *scanner) discover(path string, id fileID, info fs.FileInfo) {
	if old := s.t.opts.IgnoreOlder; old > 0 && s.t.deps.Now().Sub(info.ModTime()) > old {
		return
	}
	if c, ok := s.copies[id]; ok && c.size == info.Size() && s.alive(c.of) {
		return
	}
	if s.inMaking(path, info) {
		s.later[path] = struct{}{}
		return
	}
	delete(s.later, path)
	p := s.patternOf(path)
	b, err := openBody(p, path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.refuse(path, err)
		}
		return
	}
	s.accept(path)
	if s.t.own.has(path, b.id) {
		b.Close()
		return
	}
	if g := s.lostKin(b, path); g != nil {
		s.adopt(g, b, path)
		return
	}
	if of := s.original(b, path); of != nil {
		s.copies[b.id] = copyOf{of, info.Size()}
		s.t.deps.Logger.Debug("file is a copy", "path", path, "inode", b.id.ino, "generation", of.src.ID)
		b.Close()
		return
	}
	s.findMissed(path)       // before it, since what they hold is older
	if s.byID[b.id] != nil { // it was itself rotated away meanwhile, and found
		b.Close()
		return
	}
	delete(s.copies, b.id)
	g := s.newGeneration(p, path, newID())
	g.declare = true
	if e := s.endedAs(b, path); e != nil && b.zip != nil { // go on behind what was read of it
		g.end, g.marks = e.end, e.marks
		g.pub.end, g.pub.marks = e.end, e.marks
	}
	if s.first && !s.started && s.t.opts.StartAtEnd {
		s.startAtEnd(g, b)
	}
	s.adopt(g, b, path)
}

// zipRest is how long a compressed file must have been left alone before it is looked at: what is still being written cannot
// be compared with its original. It is shorter than that is held. Nor can an empty file that may become a copy of another.
func (s *scanner) zipRest() time.Duration { return min(time.Second, s.t.opts.RotateWait/2) }

func (s *scanner) inMaking(path string, info fs.FileInfo) bool {
	if info.Size() == 0 && s.hasOriginal(path) {
		return true
	}
	return !s.t.opts.Once && strings.HasSuffix(path, ".gz") && s.t.deps.Now().Sub(info.ModTime()).Abs() < s.zipRest()
}

func newID() uint64 {
	var b [8]byte
	for {
		rand.Read(b[:])
		if id := binary.LittleEndian.Uint64(b[:]); id != 0 {
			return id
		}
	}
}

// newSource makes the source of a file that was found at path first.
func (t *Tailer) newSource(path string, id uint64) *event.Source {
	d := t.deps
	src := &event.Source{ID: id, Input: d.Name, Name: path, Reread: true}
	src.Constants = append(src.Constants, d.Fields...)
	if d.Service != "" {
		src.Constants = append(src.Constants, event.Constant{Key: "service.name", Value: d.Service})
	}
	src.Constants = append(src.Constants, event.Constant{Key: "log.file.path", Value: path, Ours: true})
	if t.opts.Describe != nil {
		t.opts.Describe(path, src)
	}
	return src
}

// newGeneration makes a generation that has no body yet.
func (s *scanner) newGeneration(p *pattern, path string, id uint64) *generation {
	g := &generation{src: s.t.newSource(path, id), pattern: p, w: s.workerFor(path), path: path}
	g.pub.path = path
	s.t.mu.Lock()
	s.t.live[g] = struct{}{}
	s.t.mu.Unlock()
	s.t.metrics.watched.Inc()
	return g
}

// workerFor chooses the worker of a new file. It is that of the files that had the name before: so their positions are saved
// in the order in which they were written.
func (s *scanner) workerFor(path string) *worker {
	if kin := s.kin[strings.TrimSuffix(path, ".gz")]; len(kin) > 0 {
		return kin[0].w
	}
	s.next++
	return s.t.workers[s.next%len(s.t.workers)]
}

// adopt makes b the body of g, which is read from it from now on.
func (s *scanner) adopt(g *generation, b *body, path string) {
	s.t.deps.Logger.Debug("file is read", "path", path, "generation", g.src.ID, "inode", b.id.ino, "offset", g.snapshot().end)
	delete(s.bodiless, g)
	delete(s.gone, g)
	delete(s.copies, b.id)
	s.dropKin(g)
	g.bodiless, g.id, g.seen = false, b.id, s.scan
	g.setPath(path)
	g.zipSize = 0
	size, _ := b.size()
	if info, err := b.file.Stat(); err == nil {
		g.wrote = info.ModTime()
		if b.zip != nil {
			g.zipSize = info.Size()
		}
	}
	g.mu.Lock()
	g.pub.size = max(size, g.pub.end)
	g.mu.Unlock()
	s.byID[b.id] = g
	s.addKin(g)
	g.named = s.names(path) && s.byPath[path] == nil
	if g.named {
		s.byPath[path] = g
		s.followLink(g, path)
	}
	o := order{kind: adopt, body: b, path: path, id: b.id}
	if int(s.t.open.Load()) >= s.t.opts.MaxOpen || !s.started { // the worker opens it when its turn comes
		b.Close()
		o.body = nil
	}
	g.mu.Lock()
	g.held = o.body
	g.mu.Unlock()
	s.tell(g, o)
	if !g.named {
		g.since = time.Now()
		s.gone[g] = struct{}{}
		s.tell(g, order{kind: gone})
		s.remember(g)
	}
}

// followLink watches the folder where a link leads to, since nothing happens in the link's own.
func (s *scanner) followLink(g *generation, path string) {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		s.watch.add(filepath.Dir(real))
		s.byTarget[real] = g
	}
}

// alive reports whether g can still speak for its copies.
func (s *scanner) alive(g *generation) bool {
	_, ok := s.t.live[g] // only the scanner changes it
	return ok
}
