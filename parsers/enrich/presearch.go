package enrich

import (
	"bytes"
	"encoding/binary"

	"github.com/renthub/sluice/event"
)

// maybe says whether a row may have anything to redact. It is all that most
// rows cost. Nearly all values are slices of the line, or were unescaped from
// it, so a look at the line is enough; where the line has escapes that can
// hide a letter, every value is looked at.
func (r *Redactor) maybe(b *event.Batch, i int) bool {
	line := b.Line(i)
	if r.suspect(line) || hides(line) {
		return true
	}
	// Values that a block before this one set come from elsewhere.
	row := b.Row(i)
	fields := b.Fields(i)
	for k := range fields {
		if f := &fields[k]; f.Val.Off-row.Line.Off >= row.Line.Len && f.Val.Len >= 4 && r.suspect(b.Bytes(f.Val)) {
			return true
		}
	}
	return false
}

// hides says whether a text has escapes of single characters: JSON's \u0040,
// nginx's \x40.
func hides(line []byte) bool {
	for at := 0; ; {
		n := bytes.IndexByte(line[at:], '\\')
		if n < 0 || at+n+1 == len(line) {
			return false
		}
		at += n + 1
		if line[at] == 'u' || line[at] == 'x' {
			return true
		}
		at++
		if at >= len(line) {
			return false
		}
	}
}

var (
	earer  = []byte("earer")
	assw   = []byte("assw")
	upASSW = []byte("ASSW")
)

// suspect says whether text may hold what the patterns look for.
func (r *Redactor) suspect(text []byte) bool {
	return r.kinds&email != 0 && bytes.IndexByte(text, '@') >= 0 ||
		r.kinds&bearer != 0 && bytes.Contains(text, earer) ||
		r.kinds&password != 0 && (bytes.Contains(text, assw) || bytes.Contains(text, upASSW)) ||
		r.kinds&card != 0 && hasLongNumber(text)
}

// hasLongNumber says whether text has as many digits in a row, single spaces
// and dashes between them allowed, as a card's number has at least.
//
// Eight bytes are looked at together. The digits, the space and the dash all
// have the same three high bits, and thirteen such in a row fill two aligned
// groups of four, one behind the other.
func hasLongNumber(text []byte) bool {
	if len(text) < minCard {
		return false
	}
	before := false // the group of four before was full
	i := 0
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])&0xE0E0E0E0E0E0E0E0 ^ 0x2020202020202020
		low, high := uint32(w) == 0, w>>32 == 0
		if low && (before || high) && longNumberAt(text, i) {
			return true
		}
		before = high
	}
	return i < len(text) && longNumberAt(text, i)
}

// longNumberAt counts the digits around i.
func longNumberAt(text []byte, i int) bool {
	start, end := i, i
	for start > 0 && inNumber(text[start-1]) && i-start < 2*maxCard {
		start--
	}
	for end < len(text) && inNumber(text[end]) && end-i < 2*maxCard {
		end++
	}
	n := 0
	for _, c := range text[start:end] {
		if c-'0' <= 9 {
			n++
		}
	}
	return n >= minCard
}

func inNumber(c byte) bool { return c-'0' <= 9 || c == ' ' || c == '-' }
