package buffer

import "slices"

// span is the documents from first up to, but not with, end.
type span struct{ first, end uint64 }

func (s span) count() uint64 { return s.end - s.first }

// spans is a set of documents: everything before prefix, and sorted spans behind it that do not touch.
type spans struct {
	prefix uint64
	rest   []span
}

// add puts [first, end) into the set and returns how many of it were not in it.
func (s *spans) add(first, end uint64) uint64 {
	first = max(first, s.prefix)
	if first >= end {
		return 0
	}
	added := end - first - s.within(first, end)
	lo, _ := slices.BinarySearchFunc(s.rest, first, func(r span, t uint64) int { return cmpUint(r.end, t) })
	hi := lo
	for hi < len(s.rest) && s.rest[hi].first <= end {
		first = min(first, s.rest[hi].first)
		end = max(end, s.rest[hi].end)
		hi++
	}
	if first == s.prefix {
		s.prefix = end
		s.rest = slices.Delete(s.rest, 0, hi)
		return added
	}
	s.rest = slices.Replace(s.rest, lo, hi, span{first, end})
	return added
}

// within counts the documents of [first, end) that are in the set.
func (s *spans) within(first, end uint64) uint64 {
	var n uint64
	if first < s.prefix {
		n = min(end, s.prefix) - first
		first = s.prefix
	}
	for _, r := range s.from(first) {
		if r.first >= end {
			break
		}
		n += min(r.end, end) - max(r.first, first)
	}
	return n
}

// ranges returns the parts of [first, end) that are in the set.
func (s *spans) ranges(first, end uint64) []Range {
	var out []Range
	if first < s.prefix {
		out = append(out, Range{first, min(end, s.prefix) - first})
		first = s.prefix
	}
	for _, r := range s.from(first) {
		if r.first >= end {
			break
		}
		from := max(r.first, first)
		out = append(out, Range{from, min(r.end, end) - from})
	}
	return out
}

// from returns the spans that reach beyond first.
func (s *spans) from(first uint64) []span {
	i, _ := slices.BinarySearchFunc(s.rest, first+1, func(r span, t uint64) int { return cmpUint(r.end, t) })
	return s.rest[i:]
}

// clip returns the set without what lies at or behind end.
func (s *spans) clip(end uint64) spans {
	out := spans{prefix: min(s.prefix, end)}
	for _, r := range s.rest {
		if r.first >= end {
			break
		}
		out.rest = append(out.rest, span{r.first, min(r.end, end)})
	}
	return out
}

// last is the sequence after the highest document in the set.
func (s *spans) last() uint64 {
	if n := len(s.rest); n > 0 {
		return s.rest[n-1].end
	}
	return s.prefix
}

func cmpUint(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
