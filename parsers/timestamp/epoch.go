package timestamp

// Epoch reads a number of seconds, milliseconds, microseconds or nanoseconds
// since 1970, whole or with a fraction. Which it is, its size tells: seconds
// from 1973 to 5138, and the same span of the others. Smaller numbers are
// durations or counts, no times.
func Epoch(text []byte) (ns int64, ok bool) {
	whole, i := int64(0), 0
	for i < len(text) && text[i]-'0' <= 9 {
		if i == 19 {
			return 0, false
		}
		whole = whole*10 + int64(text[i]-'0')
		i++
	}
	if i < 9 || whole < 0 {
		return 0, false
	}
	unit := epochUnit(whole)
	if unit == 0 || whole > (1<<63-1)/unit {
		return 0, false
	}
	ns = whole * unit
	if i == len(text) {
		return ns, true
	}
	if text[i] != '.' {
		return 0, false
	}
	frac, n := fraction(text[i+1:])
	if n == 0 || i+1+n != len(text) {
		return 0, false
	}
	return ns + int64(frac)*unit/1e9, true
}

// epochUnit is the nanoseconds in one unit of a number of that size.
func epochUnit(n int64) int64 {
	switch {
	case n < 1e8:
		return 0
	case n < 1e11:
		return 1e9
	case n < 1e14:
		return 1e6
	case n < 1e17:
		return 1e3
	}
	return 1
}
