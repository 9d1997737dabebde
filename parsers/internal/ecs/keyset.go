package ecs

// keyset is the set of the paths of one row. A path is a leaf, which has a
// value, or an inner one, which has leaves below it. It holds hashes of 62
// bits alone: two paths taken for one would cost a field its name, not its
// value.
type keyset struct {
	slots []uint64
	n     int
	kept  [4][]uint64 // memory by size, each four times the one before
}

// The kinds of path, in the low bits of a slot. An empty slot is 0.
const (
	absent = 0
	leaf   = 1
	inner  = 2
)

const smallSet = 64

func (s *keyset) reset() {
	s.n = 0
	s.slots = s.make(smallSet)
}

// make returns an empty table of that size. Small ones are kept.
func (s *keyset) make(size int) []uint64 {
	for k := range s.kept {
		if size != smallSet<<(2*k) {
			continue
		}
		if s.kept[k] == nil {
			s.kept[k] = make([]uint64, size)
		}
		clear(s.kept[k])
		return s.kept[k]
	}
	return make([]uint64, size)
}

// find returns the slot of h, or the empty one where it belongs.
func (s *keyset) find(h uint64) *uint64 {
	mask := uint64(len(s.slots) - 1)
	for i := h >> 32 & mask; ; i = (i + 1) & mask {
		if v := s.slots[i]; v == 0 || (v^h)>>2 == 0 {
			return &s.slots[i]
		}
	}
}

// kind says what is known of a path.
func (s *keyset) kind(h uint64) uint64 { return *s.find(h) & 3 }

// add puts a path in that is not there yet.
func (s *keyset) add(h, kind uint64) {
	if s.n++; s.n > len(s.slots)/2 {
		s.grow()
	}
	*s.find(h) = h&^3 | kind
}

func (s *keyset) grow() {
	old := s.slots
	s.slots = s.make(4 * len(old))
	for _, v := range old {
		if v != 0 {
			*s.find(v) = v
		}
	}
}

// takeLeaf adds a path without dots as a leaf, unless it is there.
func (s *keyset) takeLeaf(h uint64) bool {
	slot := s.find(h)
	if *slot != 0 {
		return false
	}
	if s.n++; s.n > len(s.slots)/2 {
		s.grow()
		slot = s.find(h)
	}
	*slot = h&^3 | leaf
	return true
}

// take adds a dotted path as a leaf and what leads to it as inner ones, unless
// it clashes: it is there, or a path above it is a leaf. salt tells the sets
// of several objects apart.
func (s *keyset) take(key []byte, salt uint64) bool {
	h := hash(key) ^ salt
	if s.kind(h) != absent {
		return false
	}
	for i, c := range key {
		if c == '.' && s.kind(hash(key[:i])^salt) == leaf {
			return false
		}
	}
	for i, c := range key {
		if c == '.' {
			if above := hash(key[:i]) ^ salt; s.kind(above) == absent {
				s.add(above, inner)
			}
		}
	}
	s.add(h, leaf)
	return true
}
