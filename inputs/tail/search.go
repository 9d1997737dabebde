package tail

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// maxSiblings bounds how many files of a folder are looked at for one that was lost.
	maxSiblings = 10000
	// lostFolder is how long a position waits for a folder that is not there, which may be a mount that comes back.
	lostFolder = time.Hour
)

// search looks for the content of g beside where it was: under another name, copied, or compressed.
func (s *scanner) search(g *generation) bool {
	folders := []string{filepath.Dir(g.path)}
	if first := filepath.Dir(g.src.Name); first != folders[0] {
		folders = append(folders, first)
	}
	for _, dir := range folders {
		if s.searchIn(g, dir) {
			return true
		}
	}
	return false
}

func (s *scanner) searchIn(g *generation, dir string) bool {
	names := siblings(g.path, dir)
	var others []string
	for _, name := range names { // the inode is cheap to compare, and says the most
		path := filepath.Join(dir, name)
		info, id, err := look(path)
		if err != nil || !info.Mode().IsRegular() || s.byID[id] != nil {
			continue
		}
		if id == g.id && s.resume(g, path) {
			return true
		}
		others = append(others, path)
	}
	for _, path := range others {
		if related(g, path) && g.snapshot().end > 0 && s.resume(g, path) {
			return true
		}
	}
	return false
}

// siblings lists a folder, names that rotations of path have first, and of these the plain ones before the compressed.
func siblings(path, dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(maxSiblings)
	stem := kinKey(path)
	rank := func(name string) int {
		switch {
		case kinKey(filepath.Join(dir, name)) != stem:
			return 2
		case strings.HasSuffix(name, ".gz"):
			return 1
		}
		return 0
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// answer decides about what a worker reported.
func (s *scanner) answer(r report) {
	g := r.gen
	s.t.deps.Logger.Debug("worker reports", "what", r.kind, "path", g.path, "generation", g.src.ID)
	switch r.kind {
	case changed:
		s.t.metrics.rotations.Inc()
		path := g.path
		s.unbind(g)
		s.search(g)
		s.findMissed(g.src.Name) // what the file holds now may have been rotated away already
		s.see(path)              // what is there now is another generation, or g again
	case missing:
		s.unbind(g)
		s.search(g)
		s.findMissed(g.src.Name) // the inode may be that of another file by now
	case drained:
		if g.named || g.bodiless { // it has been found meanwhile
			s.tell(g, order{kind: news})
			return
		}
		id := g.id
		if s.hasCopy(g) && s.search(g) {
			delete(s.byID, id)
			return
		}
		s.tell(g, order{kind: finish})
	case finished:
		s.forget(g)
	}
}

func (s *scanner) hasCopy(g *generation) bool {
	for _, c := range s.copies {
		if c.of == g {
			return true
		}
	}
	return false
}

// unbind takes g's body away from it.
func (s *scanner) unbind(g *generation) {
	if s.byID[g.id] == g {
		delete(s.byID, g.id)
	}
	if s.byPath[g.path] == g {
		delete(s.byPath, g.path)
	}
	s.dropKin(g)
	delete(s.gone, g)
	g.named, g.bodiless, g.since = false, true, time.Now()
	s.bodiless[g] = struct{}{}
}

// forget removes a generation for good.
func (s *scanner) forget(g *generation) {
	s.finished[g.id] = append(s.finished[g.id], ended{g.snapshot(), g.src.Name, time.Now()})
	s.unbind(g)
	delete(s.bodiless, g)
	for id, c := range s.copies {
		if c.of == g {
			delete(s.copies, id)
		}
	}
	for path, h := range s.byTarget {
		if h == g {
			delete(s.byTarget, path)
		}
	}
	s.t.mu.Lock()
	delete(s.t.live, g)
	s.t.mu.Unlock()
	s.t.metrics.watched.Dec()
}

// expire looks once more for what was not found, and gives up what was not for too long, or holds too much.
func (s *scanner) expire() {
	now := time.Now()
	for g := range s.bodiless {
		if s.search(g) {
			continue
		}
		wait := s.t.opts.RotateWait
		if !isDir(filepath.Dir(g.path)) {
			wait = max(wait, lostFolder)
		}
		if now.Sub(g.since) >= wait {
			s.giveUp(g, lostDeleted)
		}
	}
	s.boundHeld()
	s.tidy(now)
}

// giveUp ends a generation with what was not read of it lost.
func (s *scanner) giveUp(g *generation, why string) {
	p := g.snapshot()
	lost := max(0, p.size-p.end)
	if lost > 0 {
		s.t.deps.Logger.Warn("file went before it was read", "path", p.path, "lost_bytes", lost, "reason", why)
	}
	g.since = time.Now()
	s.tell(g, order{kind: finish, lost: lost, why: why})
}

// boundHeld gives up the deleted files that wait longest, while all of them hold more than allowed.
func (s *scanner) boundHeld() {
	var held int64
	var oldest *generation
	for g := range s.gone {
		g.mu.Lock()
		b := g.held
		g.mu.Unlock()
		if b == nil || !b.deleted() {
			continue
		}
		size, err := b.size()
		if err != nil || size < 0 {
			continue
		}
		g.mu.Lock()
		g.pub.size = size
		unread := size - g.pub.end
		g.mu.Unlock()
		held += unread
		if unread > 0 && (oldest == nil || g.since.Before(oldest.since)) {
			oldest = g
		}
	}
	if oldest == nil || held <= s.t.opts.MaxHeld {
		return
	}
	oldest.mu.Lock()
	oldest.held.file.Close() // now: the worker may wait for hours until its batch is taken
	oldest.mu.Unlock()
	delete(s.gone, oldest)
	s.giveUp(oldest, lostHeld)
}
