package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends text as a JSON string, in quotes. Bytes that are not
// UTF-8 become U+FFFD.
func AppendString(dst, text []byte) []byte {
	dst = append(dst, '"')
	dst = AppendEscaped(dst, text)
	return append(dst, '"')
}

// AppendEscaped appends text as the inside of a JSON string, without quotes.
// Bytes that are not UTF-8 become U+FFFD.
func AppendEscaped(dst, text []byte) []byte {
	plain := 0 // text[plain:i] can be copied as it is
	for i := 0; i < len(text); {
		if i+8 <= len(text) {
			w := binary.LittleEndian.Uint64(text[i:])
			s := special(w) | w&highs
			if s == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(s) >> 3
		}
		c := text[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, text[plain:i]...)
				dst = append(dst, "\uFFFD"...)
				plain = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, text[plain:i]...)
		dst = appendEscape(dst, c)
		i++
		plain = i
	}
	return append(dst, text[plain:]...)
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// AppendUnquoted appends the text that the inside of a valid JSON string,
// without its quotes, stands for. Half a surrogate pair becomes U+FFFD; a
// backslash that begins no escape stands for itself.
func AppendUnquoted(dst, inside []byte) []byte {
	for i := 0; i < len(inside); {
		if inside[i] != '\\' || i+1 == len(inside) || inside[i+1] >= utf8.RuneSelf {
			dst = append(dst, inside[i])
			i++
			continue
		}
		var r rune
		r, i = unescape(inside, i+1)
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// unescape returns the character that the escape behind a backslash at i-1
// stands for, and the index behind it.
func unescape(b []byte, i int) (rune, int) {
	switch c := b[i]; c {
	case 'b':
		return '\b', i + 1
	case 'f':
		return '\f', i + 1
	case 'n':
		return '\n', i + 1
	case 'r':
		return '\r', i + 1
	case 't':
		return '\t', i + 1
	case 'u':
		r := hex4(b, i+1)
		if r < 0 {
			return utf8.RuneError, i + 1
		}
		i += 5
		if r >= 0xD800 && r < 0xDC00 && i+1 < len(b) && b[i] == '\\' && b[i+1] == 'u' {
			if low := hex4(b, i+2); low >= 0xDC00 && low < 0xE000 {
				return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, i + 6
			}
		}
		if r >= 0xD800 && r < 0xE000 {
			r = utf8.RuneError
		}
		return r, i
	default:
		return rune(c), i + 1
	}
}

// hex4 reads four hexadecimal digits, or returns -1.
func hex4(b []byte, i int) rune {
	if i+4 > len(b) {
		return -1
	}
	var r rune
	for _, c := range b[i : i+4] {
		d := hexDigit(c)
		if d < 0 {
			return -1
		}
		r = r<<4 | d
	}
	return r
}

// AppendCompact appends a valid JSON value without the white space between
// its tokens.
func AppendCompact(dst, value []byte) []byte {
	var r Rewriter
	return r.Append(dst, value)
}
