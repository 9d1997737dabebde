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

// suspect says whether text may hold what the patterns look for.
func (r *Redactor) suspect(text []byte) bool {
	return r.kinds&email != 0 && bytes.IndexByte(text, '@') >= 0 ||
		r.kinds&card != 0 && hasLongNumber(text) ||
		r.kinds&(bearer|password) != 0 && r.hasWord(text)
}

// hasWord says whether text has one of the words that tokens and passwords
// stand behind. Their rarest letters are looked for, a byte at a time being
// what the machine finds fastest.
func (r *Redactor) hasWord(text []byte) bool {
	return r.kinds&bearer != 0 && (wordBy(text, 'b', isBearer) || wordBy(text, 'B', isBearer)) ||
		r.kinds&password != 0 && (wordBy(text, 'w', aroundW) || wordBy(text, 'W', aroundW))
}

// wordBy says whether is holds for one of the places of a letter.
func wordBy(text []byte, letter byte, is func(text []byte, i int) bool) bool {
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], letter)
		if n < 0 {
			return false
		}
		if i += n; is(text, i) {
			return true
		}
	}
}

// aroundW says whether the w at i is that of a password.
func aroundW(text []byte, i int) bool { return i >= 4 && passwordWord(text, i-4) > 0 }

// hasLongNumber says whether text has as many digits in a row, single spaces
// and dashes between them allowed, as a card's number has at least. Thirteen
// such in a row hold four whole ones behind some multiple of ten; and digits,
// space and dash have the same three high bits.
func hasLongNumber(text []byte) bool {
	for i := 0; i+4 <= len(text); i += minCard - 3 {
		if binary.LittleEndian.Uint32(text[i:])&0xE0E0E0E0 == 0x20202020 && longNumberAt(text, i) {
			return true
		}
	}
	return false
}

// longNumberAt counts the digits around the four bytes at i.
func longNumberAt(text []byte, i int) bool {
	for _, c := range text[i : i+4] {
		if !inNumber(c) {
			return false
		}
	}
	start, end := i, i+4
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
