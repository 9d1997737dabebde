package tail

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Rotation names files after others: app.log becomes app.log.1, app-20261124.log or app.log.2.gz. Only files so related
// are taken for each other because of what they hold; else two services that begin alike would be mixed up.

// kinKey is what all rotations of a file have in common: their folder, and their name without digits, marks and .gz.
func kinKey(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".gz")
	var key strings.Builder
	for _, part := range strings.FieldsFunc(name, isMark) {
		if !isRotation(part) {
			key.WriteString(part)
			key.WriteByte('.')
		}
	}
	return filepath.Dir(path) + "/" + key.String()
}

func isMark(r rune) bool { return r == '.' || r == '-' || r == '_' || r == ':' || r == '~' }

// isRotation reports whether a part of a name says which rotation a file is: a number, a date or a word.
func isRotation(part string) bool {
	switch part {
	case "old", "bak", "backup", "orig", "save", "copy", "prev":
		return true
	}
	return strings.Trim(part, "0123456789TZ") == ""
}

// rotationOf reports whether name could be what a rotation made of the file that was called original.
func rotationOf(original, name string) bool {
	name = strings.TrimSuffix(name, ".gz")
	original = strings.TrimSuffix(original, ".gz")
	n := 0 // what both begin with
	for n < len(original) && n < len(name) && original[n] == name[n] {
		n++
	}
	if len(name) < len(original) {
		return false
	}
	for ; n >= 0; n-- { // the mark may begin as the rest of the name does
		rest := original[n:]
		inserted, ok := strings.CutSuffix(name[n:], rest)
		if ok && (inserted == "" || isMark(rune(inserted[0])) && allRotation(inserted)) {
			return true
		}
	}
	return false
}

// olderRotation reports whether name was rotated from original before other was, as far as their names tell: numbers count
// up with age, and dates down.
func olderRotation(original, name, other string) bool {
	a, b := rotationDigits(original, name), rotationDigits(original, other)
	if a == "" || b == "" || (len(a) >= dateDigits) != (len(b) >= dateDigits) {
		return false
	}
	if len(a) >= dateDigits {
		return a < b
	}
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	return errX == nil && errY == nil && x > y
}

// became reports whether name could be what rotations made of a file that was called was.
func became(was, name string) bool { return rotationOf(was, name) || movedOn(was, name) }

// movedOn reports whether name could be what became of a rotation that was called was: app.log.1 becomes app.log.2.gz.
func movedOn(was, name string) bool {
	original := strings.TrimRight(strings.TrimSuffix(was, ".gz"), "0123456789")
	original, ok := strings.CutSuffix(original, ".")
	return ok && original != "" && len(rotationDigits(original, was)) < dateDigits && rotationOf(original, name) && olderRotation(original, name, was)
}

// dateDigits is how many digits a date has at least.
const dateDigits = 6

// rotationDigits are the digits that a rotation added to a name.
func rotationDigits(original, name string) string {
	digits := func(name string) string {
		return strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, strings.TrimSuffix(name, ".gz"))
	}
	added := digits(name)
	if had := digits(original); had != "" { // app1.log.2: which digit was added cannot be told by digits alone
		before, after, ok := strings.Cut(strings.TrimSuffix(name, ".gz"), strings.TrimSuffix(original, ".gz"))
		if !ok {
			return ""
		}
		added = digits(before + after)
	}
	return added
}

func allRotation(inserted string) bool {
	for _, part := range strings.FieldsFunc(inserted, isMark) {
		if !isRotation(part) {
			return false
		}
	}
	return true
}

// originals returns the paths that a rotation may have made path of, without .gz.
func originals(path string) []string {
	dir, name := filepath.Dir(path), strings.TrimSuffix(filepath.Base(path), ".gz")
	var paths []string
	if name != filepath.Base(path) {
		paths = append(paths, filepath.Join(dir, name))
	}
	for start := 1; start < len(name); start++ {
		if !isMark(rune(name[start])) {
			continue
		}
		for end := start + 1; end <= len(name); end++ {
			if end < len(name) && !isMark(rune(name[end])) {
				continue
			}
			if !allRotation(name[start:end]) {
				break
			}
			paths = append(paths, filepath.Join(dir, name[:start]+name[end:]))
		}
	}
	return paths
}

// kinKeys are the names under which g is known to those that may be copies of it: what it is called now, and what it was
// called when it was read first.
func kinKeys(g *generation) []string {
	now, first := strings.TrimSuffix(g.path, ".gz"), strings.TrimSuffix(g.src.Name, ".gz")
	if now == first {
		return []string{now}
	}
	return []string{now, first}
}

func (s *scanner) addKin(g *generation) {
	for _, key := range kinKeys(g) {
		s.kin[key] = append(s.kin[key], g)
	}
}

func (s *scanner) dropKin(g *generation) {
	for _, key := range kinKeys(g) {
		left := slices.DeleteFunc(s.kin[key], func(h *generation) bool { return h == g })
		if s.kin[key] = left; len(left) == 0 {
			delete(s.kin, key)
		}
	}
}

// lostKin returns the generation without a body whose content b holds.
func (s *scanner) lostKin(b *body, path string) *generation {
	for g := range s.bodiless {
		if s.holds(g, b, path) {
			return g
		}
	}
	return nil
}

// holds reports whether the file b at path holds what g has read, and is a rotation of it by name.
func (s *scanner) holds(g *generation, b *body, path string) bool {
	p := g.snapshot()
	if p.end == 0 || filepath.Dir(path) != filepath.Dir(g.path) {
		return false
	}
	if !related(g, path) {
		return false
	}
	ok, err := p.marks.match(b, p.end)
	return err == nil && ok
}

// related reports whether path is g's, or one that a rotation gives it.
func related(g *generation, path string) bool {
	name := filepath.Base(path)
	return became(filepath.Base(g.path), name) || became(filepath.Base(g.src.Name), name)
}

// hasOriginal reports whether path is, by its name, a rotation of a file that is being read.
func (s *scanner) hasOriginal(path string) bool {
	for _, original := range originals(path) {
		if len(s.kin[original]) > 0 {
			return true
		}
	}
	return false
}

// original returns the generation that has its own body and whose content b holds as well: b is a copy of it, made by
// copytruncate or by gzip.
func (s *scanner) original(b *body, path string) *generation {
	for _, original := range originals(path) {
		for _, g := range s.kin[original] {
			if g.id != b.id && g.path != path && sameContent(g, b) {
				return g
			}
		}
	}
	return nil
}

// sameContent reports whether b is a copy of g's body, as far as it was made yet. If that body is gone or was emptied, what g
// has read of it tells.
func sameContent(g *generation, b *body) bool {
	const window = 4 << 10
	p := g.snapshot()
	ok, _ := p.marks.match(b, p.end)
	match := ok && p.end > 0
	mine, err := openBody(g.pattern, g.path)
	if err != nil {
		return match
	}
	defer mine.Close()
	if mine.zip != nil || mine.id != g.id {
		return match
	}
	if b.zip != nil {
		return match || sameBytes(mine, b, 0, headSize, false)
	}
	n, err := b.size()
	size, err2 := mine.size()
	if err != nil || err2 != nil {
		return match
	}
	if n > 0 && n <= size && sameBytes(mine, b, 0, min(n, headSize), true) && sameBytes(mine, b, max(0, n-window), min(n, window), true) {
		return true
	}
	whole, err := p.marks.match(mine, p.end)
	return match && err == nil && !whole
}

// sameBytes compares n bytes of two files; if whole is false, as many as both have.
func sameBytes(a, b io.ReaderAt, off, n int64, whole bool) bool {
	x, y := make([]byte, n), make([]byte, n)
	nx, _ := a.ReadAt(x, off)
	ny, _ := b.ReadAt(y, off)
	if whole {
		return int64(nx) == n && int64(ny) == n && bytes.Equal(x, y)
	}
	k := min(nx, ny)
	return k > 0 && bytes.Equal(x[:k], y[:k])
}
