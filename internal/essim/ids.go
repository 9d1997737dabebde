package essim

import (
	"hash/maphash"
	"sync"
)

// idSet remembers which ids each stream has, as 128-bit hashes: two documents
// out of 10^9 meet by chance once in 10^20 runs.
type idSet struct {
	once sync.Once
	a, b maphash.Seed // immutable after once

	mu   sync.Mutex
	seen map[[2]uint64]struct{} // guarded by mu
}

// add reports whether the id is new in its stream.
func (s *idSet) add(index, id []byte) bool {
	s.once.Do(func() {
		s.a, s.b, s.seen = maphash.MakeSeed(), maphash.MakeSeed(), map[[2]uint64]struct{}{}
	})
	h := [2]uint64{hash(s.a, index, id), hash(s.b, index, id)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.seen[h]; there {
		return false
	}
	s.seen[h] = struct{}{}
	return true
}

func hash(seed maphash.Seed, index, id []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.Write(index) // never fails
	_ = h.WriteByte(0)
	_, _ = h.Write(id)
	return h.Sum64()
}
