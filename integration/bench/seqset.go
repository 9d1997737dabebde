package bench

// seqSet records which sequence numbers came, below a known count.
type seqSet struct {
	first     uint64
	seen      []uint64 // bit i is number first+i
	count     uint64   // of numbers
	came      uint64   // distinct numbers that came
	repeated  uint64   // numbers that came again
	strangers uint64   // numbers that were never written
}

func newSeqSet(first, count uint64) *seqSet {
	return &seqSet{first: first, count: count, seen: make([]uint64, (count+63)/64)}
}

// grow allows numbers up to count from the first.
func (s *seqSet) grow(count uint64) {
	s.count = max(s.count, count)
	for uint64(len(s.seen)) < (s.count+63)/64 {
		s.seen = append(s.seen, 0)
	}
}

func (s *seqSet) add(seq uint64) {
	i := seq - s.first
	if i >= s.count { // also where seq < first
		s.strangers++
		return
	}
	word, bit := i/64, uint64(1)<<(i%64)
	if s.seen[word]&bit != 0 {
		s.repeated++
		return
	}
	s.seen[word] |= bit
	s.came++
}

func (s *seqSet) lost() uint64 { return s.count - s.came }

// missing returns up to n of the numbers that never came, to look for them.
func (s *seqSet) missing(n int) []uint64 {
	var out []uint64
	for i := uint64(0); i < s.count && len(out) < n; i++ {
		if s.seen[i/64]&(1<<(i%64)) == 0 {
			out = append(out, s.first+i)
		}
	}
	return out
}
