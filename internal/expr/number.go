package expr

import (
	"math"
	"strconv"
)

// num is a number read from text. Whole numbers are kept whole, so that long
// ids compare exactly.
type num struct {
	whole bool
	i     int64
	f     float64
}

// readNumber reads text that is one decimal number and nothing else. It
// allocates nothing, also when text is something else.
func readNumber(b []byte) (num, bool) {
	if !looksNumeric(b) {
		return num{}, false
	}
	if i, ok := readWhole(b); ok {
		return num{true, i, float64(i)}, true
	}
	f, err := strconv.ParseFloat(string(b), 64)
	return num{f: f}, err == nil
}

// readWhole reads digits, with a sign or without, if they fit.
func readWhole(b []byte) (int64, bool) {
	neg := b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) > 19 {
		return 0, false
	}
	var n uint64 // 19 digits fit
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	if n > math.MaxInt64 {
		return 0, false
	}
	if neg {
		return -int64(n), true
	}
	return int64(n), true
}

// looksNumeric reports whether b has the form of a number: a sign, digits, a
// fraction, an exponent.
func looksNumeric(b []byte) bool {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := digits(b[i:])
	i += whole
	if i < len(b) && b[i] == '.' {
		fraction := digits(b[i+1:])
		i += 1 + fraction
		if fraction == 0 {
			return false
		}
	}
	if whole == 0 || len(b) > 64 {
		return false
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		exponent := digits(b[i:])
		if i += exponent; exponent == 0 || exponent > 3 {
			return false
		}
	}
	return i == len(b)
}

// digits is the number of digits that b begins with.
func digits(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

// compareNumbers is -1, 0 or 1.
func compareNumbers(a, b num) int {
	if a.whole && b.whole {
		return order(a.i, b.i)
	}
	return order(a.f, b.f)
}

func order[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
