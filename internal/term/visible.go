package term

import "unicode/utf8"

// SGR says what becomes of SGR sequences, the escape sequences that only set
// colours and weights, in text that is made visible.
type SGR uint8

// What can become of SGR sequences.
const (
	ShowSGR  SGR = iota // shown like every other control character
	StripSGR            // taken out
	KeepSGR             // passed on
)

// maxSGR is the length of the longest sequence that is taken for SGR; real
// ones are shorter than 24 bytes.
const maxSGR = 64

// plain says which bytes are shown as they are: printable ASCII and the tab.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x7F; c++ {
		t[c] = true
	}
	t['\t'] = true
	return t
}()

// AppendVisible appends text so that a terminal can only show it: control
// characters (C0 but for the tab, DEL and C1), line and paragraph separators,
// bidirectional controls and bytes that are no UTF-8 become escapes such as
// \x1b, \u202e and \xff. Other text is copied.
func AppendVisible(dst, text []byte, sgr SGR) []byte {
	for len(text) > 0 {
		n := 0
		for n < len(text) && plain[text[n]] {
			n++
		}
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		dst, n = appendSpecial(dst, text, sgr)
		text = text[n:]
	}
	return dst
}

// appendSpecial appends what text begins with, which is no plain byte, and
// returns how much of it that was.
func appendSpecial(dst, text []byte, sgr SGR) ([]byte, int) {
	c := text[0]
	if c < utf8.RuneSelf {
		if n := sgrLen(text); n > 0 && sgr != ShowSGR {
			if sgr == KeepSGR {
				dst = append(dst, text[:n]...)
			}
			return dst, n
		}
		return appendControl(dst, c), 1
	}
	r, n := utf8.DecodeRune(text)
	switch {
	case r == utf8.RuneError && n == 1:
		return appendHex(append(dst, '\\', 'x'), uint32(c), 2), 1
	case hidden(r):
		return appendHex(append(dst, '\\', 'u'), uint32(r), 4), n
	}
	return append(dst, text[:n]...), n
}

// hidden reports whether r changes how the text around it is shown, or ends a
// line, on some terminal.
func hidden(r rune) bool {
	switch {
	case r <= 0x9F: // C1
		return true
	case r < 0x061C:
		return false
	case r == 0x061C, r == 0x200E, r == 0x200F, // marks of direction
		r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x206F, // embeddings, overrides, isolates
		r == 0x2028, r == 0x2029, // line and paragraph separator
		r == 0xFEFF, r >= 0xFFF9 && r <= 0xFFFB: // byte order mark, interlinear annotation
		return true
	}
	return false
}

func appendControl(dst []byte, c byte) []byte {
	switch c {
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	}
	return appendHex(append(dst, '\\', 'x'), uint32(c), 2)
}

func appendHex(dst []byte, v uint32, digits int) []byte {
	const hex = "0123456789abcdef"
	for shift := (digits - 1) * 4; shift >= 0; shift -= 4 {
		dst = append(dst, hex[v>>shift&15])
	}
	return dst
}

// sgrLen returns the length of the SGR sequence that text begins with, or 0.
func sgrLen(text []byte) int {
	if len(text) < 3 || text[0] != 0x1B || text[1] != '[' {
		return 0
	}
	for i := 2; i < len(text) && i < maxSGR; i++ {
		switch c := text[i]; {
		case c == 'm':
			return i + 1
		case c < '0' || c > ';': // digits, ':' and ';' are its parameters
			return 0
		}
	}
	return 0
}

// AppendVisibleJSON appends doc, a JSON document, so that a terminal can only
// show it: what AppendVisible would escape is escaped as JSON has it, so that
// the document stays the same. Bytes that are no UTF-8 become U+FFFD.
func AppendVisibleJSON(dst, doc []byte) []byte {
	for len(doc) > 0 {
		n := 0
		for n < len(doc) && plain[doc[n]] {
			n++
		}
		dst = append(dst, doc[:n]...)
		if doc = doc[n:]; len(doc) == 0 {
			break
		}
		r, n := utf8.DecodeRune(doc)
		switch {
		case r == '\n' || r == '\r': // can only stand between tokens
			dst = append(dst, ' ')
		case r < 0x20, hiddenOrDEL(r), r == utf8.RuneError && n == 1:
			dst = appendHex(append(dst, '\\', 'u'), uint32(r), 4)
		default:
			dst = append(dst, doc[:n]...)
		}
		doc = doc[n:]
	}
	return dst
}

func hiddenOrDEL(r rune) bool { return r == 0x7F || r >= utf8.RuneSelf && hidden(r) }
