package tail

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
)

// start finds the files of the saved positions, and then all others. A saved file is looked for by device and inode first,
// under any name that the patterns have; then in the folder where it was; then by what it holds, since a rotation may have
// copied or compressed it. Only what is found nowhere counts as gone.
func (s *scanner) start(saved inputs.Positions) {
	s.first = len(saved) == 0
	wanted := map[fileID]*generation{}
	for id, pos := range saved {
		if g := s.restore(id, pos); g != nil {
			wanted[g.id] = g
		}
	}
	paths := s.list()
	s.rejoin(wanted, paths, func(g *generation) bool { return g.end > 0 })
	s.rejoin(wanted, paths, func(g *generation) bool { return g.end == 0 }) // what tells these is weak: others first
	for path := range s.before {
		if s.byPath[path] == nil { // else what came before the file that is there now was looked for when that was found
			s.findMissed(path)
		}
	}
	files, size := len(s.byPath), int64(0)
	for _, path := range paths {
		s.see(path)
		if g := s.byPath[path]; s.first && g != nil {
			p := g.snapshot()
			size += max(0, p.size-p.end)
		}
	}
	if files = len(s.byPath) - files; s.first && files > 0 {
		s.t.deps.Logger.Info("files are read for the first time", "files", files, "bytes", size, "size", roundSize(size))
	}
	s.started = true
}

// roundSize is a number of bytes in the largest unit that fits, for people to read.
func roundSize(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v := float64(n)
	for v >= 1024 && len(units) > 1 {
		v, units = v/1024, units[1:]
	}
	if v < 10 && v != float64(int64(v)) {
		return fmt.Sprintf("%.1f %s", v, units[0])
	}
	return fmt.Sprintf("%.0f %s", v, units[0])
}

// rejoin finds the files of those restored generations that which holds for.
func (s *scanner) rejoin(wanted map[fileID]*generation, paths []string, which func(*generation) bool) {
	for _, path := range paths {
		_, id, err := look(path)
		if g := wanted[id]; err == nil && g != nil && g.bodiless && which(g) {
			s.resume(g, path)
		}
	}
	for _, g := range slices.Collect(maps.Keys(s.bodiless)) {
		if which(g) && !s.search(g) {
			s.remember(g) // what had its name since may be there all the same
		}
	}
}

// restore makes a generation of a saved position.
func (s *scanner) restore(id uint64, pos inputs.Position) *generation {
	st, err := decodeState(pos.State, pos.End)
	if err != nil {
		s.t.deps.Logger.Warn("saved position cannot be read", "path", pos.Name, "error", err)
		return nil
	}
	p := s.patternNear(pos.Name)
	if p == nil { // the config names it no more; it keeps its position in case that changes
		return nil
	}
	g := s.newGeneration(p, pos.Name, id)
	g.id, g.bodiless, g.since, g.wrote = st.id, true, time.Now(), st.read
	g.end, g.marks, g.place, g.spent, g.seenTo = pos.End, st.marks, st.place, st.spent, st.seen
	g.pub = published{marks: st.marks, end: pos.End, size: st.seen, path: pos.Name}
	s.bodiless[g] = struct{}{}
	return g
}

// patternNear returns the pattern that names path, or one whose folder it is in.
func (s *scanner) patternNear(path string) *pattern {
	if p := s.patternOf(path); p != nil {
		return p
	}
	for _, p := range s.t.patterns {
		if filepath.Dir(path) == p.base || below(path, p.base) {
			return p
		}
	}
	return nil
}

// resume goes on with g at path if the file there holds what g had read.
func (s *scanner) resume(g *generation, path string) bool {
	p := s.patternOf(path)
	if p == nil {
		p = g.pattern
	}
	b, err := openBody(p, path)
	if err != nil {
		return false
	}
	if s.byID[b.id] != nil || s.t.own.has(path, b.id) || !s.isBodyOf(g, b, path) {
		b.Close()
		return false
	}
	s.adopt(g, b, path)
	return true
}

// isBodyOf reports whether b holds what g has read. If that is nothing, the inode alone would tell, and those are used
// again: so the name must fit, and it must not be a copy of what another generation has read. A compressed one is always a
// new file, and may still be empty.
func (s *scanner) isBodyOf(g *generation, b *body, path string) bool {
	pub := g.snapshot()
	if pub.end > 0 {
		ok, err := pub.marks.match(b, pub.end)
		return err == nil && ok
	}
	return b.id == g.id && b.zip == nil && !strings.HasSuffix(path, ".gz") && related(g, path) && (path == g.src.Name || s.original(b, path) == nil && !s.wasRead(b, path))
}

// startAtEnd puts a new generation behind what its file holds, at the start of a line; Lines of them before that.
func (s *scanner) startAtEnd(g *generation, b *body) {
	if b.zip != nil {
		return
	}
	size, err := b.size()
	if err != nil {
		return
	}
	end := lastLines(b, size, s.t.opts.Lines)
	m, err := marksAt(b, end)
	if err != nil {
		return
	}
	g.end, g.seenTo, g.marks = end, end, m
	g.pub.end, g.pub.marks = end, m
	if mark := markOf(b); mark != framing.Configured {
		g.place.Encoding = mark
		g.end &^= 1
	}
}

// markOf reads a file's byte order mark.
func markOf(b *body) framing.Encoding {
	var head [2]byte
	if readFull(b, head[:], 0) != nil {
		return framing.Configured
	}
	return framing.MarkOf(head[:])
}

// maxLookBack is how far from its end a file's last lines are looked for.
const maxLookBack = 1 << 20

// lastLines returns the offset where the last n whole lines of a file begin; with 0, where its last line without an end
// does, or where it ends.
func lastLines(b *body, size int64, n int) int64 {
	var buf [32 << 10]byte
	for end := size; end > 0 && size-end < maxLookBack; {
		start := max(0, end-int64(len(buf)))
		chunk := buf[:end-start]
		if readFull(b, chunk, start) != nil {
			return size
		}
		for {
			i := bytes.LastIndexByte(chunk, '\n')
			if i < 0 {
				break
			}
			if n == 0 {
				return start + int64(i) + 1
			}
			n--
			chunk = chunk[:i]
		}
		end = start
	}
	if size < maxLookBack {
		return 0
	}
	return size
}
