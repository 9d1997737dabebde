package cloudwatch

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Eight bytes are looked at together. A byte of x is zero exactly where the
// lowest set bit of (x-ones) &^ x & highs stands; above it the test can err,
// so only the lowest is used.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns a word whose lowest set bit marks the first byte of w that a
// JSON string must escape: a quote, a backslash or a control character.
func special(w uint64) uint64 {
	q := w ^ ones*'"'
	e := w ^ ones*'\\'
	return ((q-ones)&^q | (e-ones)&^e | (w-ones*' ')&^w) & highs
}

// appendText appends text, which must be UTF-8, as a JSON string. A document in
// a string has a quote to escape every few bytes, which is why this writes
// words ahead of knowing how much of them counts: it takes a tenth of the time
// of the usual way, of copying the run between two quotes.
func appendText(dst, text []byte) []byte {
	dst = append(dst, '"')
	for len(text) > 0 {
		n := min(len(text), 4096)
		dst = appendEscaped(dst, text[:n])
		text = text[n:]
	}
	return append(dst, '"')
}

// longestEscape is that of a control character, \u001f.
const longestEscape = 6

// appendEscaped appends a piece of text as the inside of a JSON string. A
// character may be divided between pieces.
func appendEscaped(dst, text []byte) []byte {
	j := len(dst)
	dst = slices.Grow(dst, longestEscape*len(text)+8)
	dst = dst[:cap(dst)]
	i := 0
	for i+8 <= len(text) {
		w := binary.LittleEndian.Uint64(text[i:])
		binary.LittleEndian.PutUint64(dst[j:], w)
		s := special(w)
		if s == 0 {
			i, j = i+8, j+8
			continue
		}
		n := bits.TrailingZeros64(s) >> 3
		j = putEscape(dst, j+n, text[i+n])
		i += n + 1
	}
	for ; i < len(text); i++ {
		if c := text[i]; c >= ' ' && c != '"' && c != '\\' {
			dst[j] = c
			j++
			continue
		}
		j = putEscape(dst, j, text[i])
	}
	return dst[:j]
}

const hexDigits = "0123456789abcdef"

// putEscape writes the escape of c at j and returns the index behind it.
func putEscape(dst []byte, j int, c byte) int {
	dst[j] = '\\'
	switch c {
	case '"', '\\':
		dst[j+1] = c
	case '\n':
		dst[j+1] = 'n'
	case '\r':
		dst[j+1] = 'r'
	case '\t':
		dst[j+1] = 't'
	default:
		copy(dst[j+1:], "u00")
		dst[j+4], dst[j+5] = hexDigits[c>>4], hexDigits[c&15]
		return j + longestEscape
	}
	return j + 2
}
