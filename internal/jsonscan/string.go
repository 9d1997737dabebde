package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes are looked at together. A byte of x is zero exactly where the
// lowest set bit of (x-ones) &^ x & highs stands; above it the test can err,
// so only the lowest is used.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns a word whose lowest set bit marks the first byte of w that
// ends or escapes a string: a quote, a backslash or a control character.
func special(w uint64) uint64 {
	q := w ^ ones*'"'
	e := w ^ ones*'\\'
	return ((q-ones)&^q | (e-ones)&^e | (w-ones*' ')&^w) & highs
}

// str reads a string from behind its opening quote and returns the index
// behind the closing one, or -1.
func str(b []byte, i int) (int, Marks) {
	var m Marks
	var high uint64
	for {
		hit := false
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			s := special(w)
			if s != 0 {
				high |= w & (s&-s - 1)
				i += bits.TrailingZeros64(s) >> 3
				hit = true
				break
			}
			high |= w
			i += 8
		}
		if !hit {
			for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
				high |= uint64(b[i])
				i++
			}
			if i >= len(b) {
				return -1, m
			}
		}
		switch b[i] {
		case '"':
			if high&highs != 0 {
				m |= NonASCII
			}
			return i + 1, m
		case '\\':
			m |= Escaped
			if i = escape(b, i+1); i < 0 {
				return -1, m
			}
		default:
			return -1, m // a control character
		}
	}
}

// escape reads what follows a backslash.
func escape(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if i+5 > len(b) {
			return -1
		}
		for _, c := range b[i+1 : i+5] {
			if hexDigit(c) < 0 {
				return -1
			}
		}
		return i + 5
	}
	return -1
}

// hexDigit is the value of a hexadecimal digit, or -1.
func hexDigit(c byte) rune {
	switch {
	case c-'0' <= 9:
		return rune(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c | 0x20 - 'a' + 10)
	}
	return -1
}
