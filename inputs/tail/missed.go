package tail

import (
	"io/fs"
	"path/filepath"
	"time"
)

// A file can be made, written and rotated away between two looks at its name, or several while the agent stood still. No
// pattern need ever have named it where it is now. It is told from rotations that were read long ago by its last write,
// which is not before that of the file that had the name when it was looked at last.

// keepBefore is how long it is remembered what a name led to.
const keepBefore = 10 * time.Minute

// before is the last file that a name led to.
type before struct {
	wrote time.Time // its last write, as far as it was seen
	at    time.Time // when the name was lost
}

// findMissed looks for the files that had the name path since the one that is remembered in before.
func (s *scanner) findMissed(path string) {
	last, ok := s.before[path]
	if !ok {
		return
	}
	for range 10 { // names may move while they are listed
		if !s.adoptMissed(path, last.wrote) {
			return
		}
	}
}

func (s *scanner) adoptMissed(path string, since time.Time) (found bool) {
	dir, base := filepath.Dir(path), filepath.Base(path)
	for _, name := range siblings(path, dir) {
		if name == base || !rotationOf(base, name) {
			continue
		}
		other := filepath.Join(dir, name)
		info, id, err := look(other)
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.ModTime().Before(since) || s.byID[id] != nil || s.names(other) {
			continue
		}
		if s.inMaking(other, info) {
			s.unsure[path] = struct{}{}
			continue
		}
		found = s.adoptWhole(path, other, info) || found
	}
	return found
}

// ended is a file that was read to its end and given up.
type ended struct {
	published
	at time.Time
}

// wasRead reports whether b, found at path, is a file that was read before, and not another one with its inode, or a copy
// of the beginning of one.
func (s *scanner) wasRead(b *body, path string) bool {
	if e, ok := s.finished[b.id]; ok {
		if same, err := e.marks.match(b, e.end); err == nil && same {
			return true
		}
	}
	for g := range s.bodiless {
		if p := g.snapshot(); rotationOf(filepath.Base(g.src.Name), filepath.Base(path)) && p.extends(b) {
			return true
		}
	}
	for _, e := range s.finished {
		if rotationOf(filepath.Base(e.path), filepath.Base(path)) && e.extends(b) {
			return true
		}
	}
	return false
}

// adoptWhole reads the file at path other, which was once called path, from its start.
func (s *scanner) adoptWhole(path, other string, info fs.FileInfo) bool {
	p := s.patternNear(path)
	b, err := openBody(p, other)
	if err != nil {
		return false
	}
	if s.byID[b.id] != nil || s.wasRead(b, other) || s.t.own.has(other, b.id) || s.original(b, other) != nil {
		b.Close()
		return false
	}
	if g := s.lostKin(b, other); g != nil {
		s.adopt(g, b, other)
		return true
	}
	s.t.deps.Logger.Info("file was rotated before it was seen", "path", path, "now", other, "bytes", info.Size())
	s.adopt(s.newGeneration(p, path, newID()), b, other)
	return true
}

// remember notes that g's name leads to something else from now on.
func (s *scanner) remember(g *generation) {
	last := s.before[g.src.Name]
	if g.wrote.After(last.wrote) {
		last.wrote = g.wrote
	}
	last.at = time.Now()
	s.before[g.src.Name] = last
}

// tidy forgets what is remembered for too long.
func (s *scanner) tidy(now time.Time) {
	for path, b := range s.before {
		if now.Sub(b.at) > keepBefore {
			delete(s.before, path)
		}
	}
	for id, e := range s.finished {
		if now.Sub(e.at) > keepBefore {
			delete(s.finished, id)
		}
	}
}
