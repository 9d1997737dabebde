package tail

import (
	"io/fs"
	"time"
)

// measure passes on that a file has grown, or changed at all.
func (s *scanner) measure(g *generation, info fs.FileInfo) {
	g.wrote = info.ModTime()
	size := info.Size()
	if g.zipSize > 0 {
		if size != g.zipSize {
			g.zipSize = size
			s.tell(g, order{kind: news})
		}
		return
	}
	g.mu.Lock()
	grown := size != g.pub.size
	g.pub.size = size
	g.mu.Unlock()
	if grown {
		s.tell(g, order{kind: news})
	}
}

// seeAgain handles a path that leads to a file that is known by another: it was renamed, or has two names.
func (s *scanner) seeAgain(h *generation, path string, id fileID, info fs.FileInfo) {
	if h.named {
		if _, now, err := look(h.path); err == nil && now == id {
			return // a second name: it is read under the first
		}
		delete(s.byPath, h.path)
	}
	if s.reused(h, path) {
		s.unbind(h)
		s.discover(path, id, info)
		return
	}
	delete(s.gone, h)
	s.t.deps.Logger.Debug("file was renamed", "path", path, "generation", h.src.ID, "inode", id.ino)
	s.rename(h, path)
	h.named, h.seen = true, s.scan
	s.byPath[path] = h
	s.tell(h, order{kind: moved, path: path})
	s.measure(h, info)
}

// reused reports whether the file at path is another one than h's, which was deleted, and only has its inode. While h's file
// is open its inode cannot be used again.
func (s *scanner) reused(h *generation, path string) bool {
	h.mu.Lock()
	open := h.held != nil
	h.mu.Unlock()
	if open {
		return false
	}
	b, err := openBody(h.pattern, path)
	if err != nil {
		return false
	}
	defer b.Close()
	return !s.isBodyOf(h, b, path)
}

// rename changes the path of a generation that keeps its body.
func (s *scanner) rename(g *generation, path string) {
	s.dropKin(g)
	g.setPath(path)
	s.addKin(g)
}

// loseName takes note that a path does not lead to g any more. What it holds is read all the same.
func (s *scanner) loseName(g *generation) {
	if s.byPath[g.path] == g {
		delete(s.byPath, g.path)
	}
	s.t.deps.Logger.Debug("file lost its name", "path", g.path, "generation", g.src.ID, "inode", g.id.ino)
	g.named, g.since = false, time.Now()
	s.gone[g] = struct{}{}
	s.t.metrics.rotations.Inc()
	s.tell(g, order{kind: gone})
	s.remember(g)
	s.findMissed(g.src.Name)
}

// remounted reports whether only the device of g's file has another number than before, as happens with network file systems.
func (s *scanner) remounted(g *generation, path string, id fileID) bool {
	p := g.snapshot()
	if id.ino != g.id.ino || p.end == 0 {
		return false
	}
	b, err := openBody(g.pattern, path)
	if err != nil {
		return false
	}
	if ok, err := p.marks.match(b, p.end); err != nil || !ok || b.id != id {
		b.Close()
		return false
	}
	delete(s.byID, g.id)
	s.adopt(g, b, path)
	return true
}
