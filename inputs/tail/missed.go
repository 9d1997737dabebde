package tail

import (
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// A file can be made, written and rotated away between two looks at its name, or several while the agent stood still. No
// pattern need ever have named it where it is now. It is told from rotations that were read long ago by its last write,
// which is not before that of the file that had the name when it was looked at last.

// keepBefore is how long it is remembered what a name led to.
const keepBefore = 10 * time.Minute

// before is the last file that a name led to.
type before struct {
	id    fileID
	wrote time.Time // its last write, as far as it was seen
	at    time.Time // when the name was lost
}

// findMissed looks for the files that had the name path since the one that is remembered in before.
func (s *scanner) findMissed(path string) {
	if last, ok := s.before[path]; ok {
		s.findMissedSince(path, last)
	}
}

func (s *scanner) findMissedSince(path string, last before) {
	for range 10 { // names may move while they are listed
		if !s.adoptMissed(path, last) {
			return
		}
	}
}

func (s *scanner) adoptMissed(path string, last before) (found bool) {
	type sibling struct {
		path string
		info fs.FileInfo
	}
	dir, base := filepath.Dir(path), filepath.Base(path)
	var others []sibling
	now := "" // what the last file is called now
	for _, name := range siblings(path, dir) {
		if name == base || !rotationOf(base, name) {
			continue
		}
		other := filepath.Join(dir, name)
		info, id, err := look(other)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if id == last.id {
			now = name
		}
		if info.Size() > 0 && !info.ModTime().Before(last.wrote) && s.byID[id] == nil && !s.names(other) {
			others = append(others, sibling{other, info})
		}
	}
	for _, o := range others {
		if now != "" && olderRotation(base, filepath.Base(o.path), now) { // compressing renews the time of its last write
			continue
		}
		if s.inMaking(o.path, o.info) {
			if _, ok := s.unsure[path]; !ok { // what comes after it must not make it old
				s.unsure[path] = last
			}
			continue
		}
		found = s.adoptWhole(path, o.path, o.info) || found
	}
	return found
}

// ended is a file that was read to its end and given up.
type ended struct {
	published
	name string // of its source
	at   time.Time
}

// wasRead reports whether b, found at path, is a file that was read before, or a copy of the beginning of one.
func (s *scanner) wasRead(b *body, path string) bool {
	if s.endedAs(b, path) != nil {
		return true
	}
	for g := range s.bodiless {
		if p := g.snapshot(); became(filepath.Base(g.src.Name), filepath.Base(path)) && p.extends(b) {
			return true
		}
	}
	for _, es := range s.finished {
		for _, e := range es {
			if became(filepath.Base(e.path), filepath.Base(path)) && e.extends(b) {
				return true
			}
		}
	}
	return false
}

// endedAs returns the file that was read to its end and whose content b, found at path, holds: it is the same one, or it
// was compressed or copied meanwhile.
func (s *scanner) endedAs(b *body, path string) *ended {
	for id, es := range s.finished {
		for i, e := range es {
			name := filepath.Base(path)
			if e.end == 0 || id != b.id && (filepath.Dir(e.path) != filepath.Dir(path) ||
				!became(filepath.Base(e.path), name) && !became(filepath.Base(e.name), name)) {
				continue
			}
			if ok, err := e.marks.match(b, e.end); err == nil && ok {
				return &es[i]
			}
		}
	}
	return nil
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
	g := s.newGeneration(p, path, newID())
	g.declare = true // or it would look as if it had been read long ago, once what came after it is saved
	s.adopt(g, b, other)
	return true
}

// remember notes that g's name leads to something else from now on.
func (s *scanner) remember(g *generation) {
	last := s.before[g.src.Name]
	if g.wrote.After(last.wrote) {
		last.wrote, last.id = g.wrote, g.id
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
	for id, es := range s.finished {
		left := slices.DeleteFunc(es, func(e ended) bool { return now.Sub(e.at) > keepBefore })
		if s.finished[id] = left; len(left) == 0 {
			delete(s.finished, id)
		}
	}
}
