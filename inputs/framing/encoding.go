package framing

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Encoding is what a source's byte order mark said.
type Encoding uint8

// The encodings of a byte order mark.
const (
	Configured Encoding = iota // nothing: the configured one holds
	UTF16LE
	UTF16BE
)

type encodingKind uint8

const (
	utf8Text encodingKind = iota
	utf16LE
	utf16BE
	singleByte
)

// encoding finds line ends in a source and makes UTF-8 of it.
type encoding struct {
	kind   encodingKind
	byMark bool // a byte order mark at the source's start decides
	table  *charmap.Charmap
}

// lookupEncoding finds an encoding by its name; case, spaces, dashes and underscores do not matter.
func lookupEncoding(name string) (encoding, error) {
	plain := plainName(name)
	switch plain {
	case "", "auto":
		return encoding{byMark: true}, nil
	case "utf8":
		return encoding{}, nil
	case "utf16":
		return encoding{kind: utf16LE, byMark: true}, nil
	case "utf16le":
		return encoding{kind: utf16LE}, nil
	case "utf16be":
		return encoding{kind: utf16BE}, nil
	case "latin1":
		plain = "iso88591"
	case "latin9":
		plain = "iso885915"
	}
	if rest, ok := strings.CutPrefix(plain, "cp125"); ok {
		plain = "windows125" + rest
	}
	for _, e := range charmap.All {
		if table, ok := e.(*charmap.Charmap); ok && plainName(table.String()) == plain {
			return encoding{kind: singleByte, table: table}, nil
		}
	}
	return encoding{}, fmt.Errorf("find encoding %q: not one of utf-8, utf-16, utf-16le, utf-16be, iso-8859-1 to -16, windows-1250 to -1258, koi8-r, koi8-u", name)
}

func plainName(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))
}

// MarkOf returns what the byte order mark at a source's start says.
func MarkOf(data []byte) Encoding {
	switch {
	case len(data) < 2:
	case data[0] == 0xFF && data[1] == 0xFE:
		return UTF16LE
	case data[0] == 0xFE && data[1] == 0xFF:
		return UTF16BE
	}
	return Configured
}

// unit is the size of a line feed.
func (e encoding) unit() int {
	if e.kind == utf16LE || e.kind == utf16BE {
		return 2
	}
	return 1
}

// char returns the UTF-16 unit at the start of data.
func (e encoding) char(data []byte) uint16 {
	if e.kind == utf16LE {
		return uint16(data[0]) | uint16(data[1])<<8
	}
	return uint16(data[1]) | uint16(data[0])<<8
}

// indexEOL returns the offset of the first line feed, or -1.
func (e encoding) indexEOL(data []byte) int {
	if e.unit() == 1 {
		return bytes.IndexByte(data, '\n')
	}
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return -1
		}
		start := (at + i) &^ 1 // the unit that the byte is in; it may be half of another character
		if start+2 > len(data) {
			return -1
		}
		if e.char(data[start:]) == '\n' {
			return start
		}
		at = start + 2
	}
}

// trimCR removes one carriage return from the end of a line.
func (e encoding) trimCR(text []byte) []byte {
	n := len(text) - e.unit()
	switch {
	case n < 0:
	case e.unit() == 1 && text[n] == '\r', e.unit() == 2 && e.char(text[n:]) == '\r':
		return text[:n]
	}
	return text
}

// trimMark removes a byte order mark from the start of a line.
func (e encoding) trimMark(text []byte) []byte {
	switch {
	case e.kind == utf8Text && len(text) >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF:
		return text[3:]
	case e.unit() == 2 && len(text) >= 2 && e.char(text) == 0xFEFF:
		return text[2:]
	}
	return text
}

// leadingNULs is the number of bytes of the NUL characters at the start of data.
func (e encoding) leadingNULs(data []byte) int {
	n := 0
	for n < len(data) && data[n] == 0 {
		n++
	}
	return n &^ (e.unit() - 1)
}

// boundary is where to cut a line that is longer than limit: there, or before the character that it would tear.
func (e encoding) boundary(data []byte, limit int) int {
	switch {
	case e.unit() == 2:
		limit &^= 1
		if c := e.char(data[limit-2:]); 0xD800 <= c && c < 0xDC00 {
			limit -= 2
		}
	case e.kind == utf8Text:
		for back := range utf8.UTFMax {
			if utf8.RuneStart(data[limit-back]) {
				return limit - back
			}
		}
	}
	return limit
}

// plainLines returns the text of lines that stand in the source just as they are to be read: in UTF-8, LF between them.
func (e encoding) plainLines(data []byte) ([]byte, bool) {
	if e.kind != utf8Text || bytes.IndexByte(data, '\r') >= 0 || bytes.Contains(data, []byte("\ufeff")) {
		return nil, false
	}
	return bytes.TrimSuffix(data, []byte{'\n'}), true
}

// appendText appends text in UTF-8.
func (e encoding) appendText(dst, text []byte) []byte {
	switch e.kind {
	case utf8Text:
		return append(dst, text...)
	case singleByte:
		for _, c := range text {
			dst = utf8.AppendRune(dst, e.table.DecodeByte(c))
		}
		return dst
	}
	for ; len(text) >= 2; text = text[2:] {
		r := rune(e.char(text))
		if utf16.IsSurrogate(r) {
			low := utf8.RuneError
			if len(text) >= 4 {
				low = rune(e.char(text[2:]))
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				text = text[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	if len(text) > 0 { // half a character at the source's end
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst
}

// valid reports whether a line's text had only bytes of its encoding.
func (e encoding) valid(text []byte) bool {
	if e.kind == utf8Text {
		return utf8.Valid(text)
	}
	return !bytes.Contains(text, []byte("\uFFFD"))
}
