package cloudwatch

import (
	"fmt"
	"unicode/utf8"

	"github.com/renthub/sluice/internal/jsonscan"
)

// cutText returns text shortened to limit bytes, with a mark that says how
// long it was. Of a document the value of its message is shortened, if that is
// enough, so that it stays a document.
func cutText(text []byte, limit int) []byte {
	mark := fmt.Sprintf("... [cut by sluice: %d bytes]", len(text))
	excess := len(text) - limit + len(mark)
	if text[0] == '{' {
		if value, ok := jsonscan.Get(text, "message"); ok && value[0] == '"' && len(value)-2 >= excess {
			start := cap(text) - cap(value) + 1 // behind the quote
			end := start + len(value) - 2
			at := start + escapeBoundary(text[start:end], end-start-excess)
			return join(text[:at], mark, text[end:])
		}
	}
	return join(text[:runeBoundary(text, limit-len(mark))], mark, nil)
}

func join(head []byte, mark string, tail []byte) []byte {
	out := make([]byte, 0, len(head)+len(mark)+len(tail))
	out = append(out, head...)
	out = append(out, mark...)
	return append(out, tail...)
}

// splitText returns text in parts of at most limit bytes. Each begins with
// which one of how many it is, and of which document.
func splitText(text []byte, limit int, id string) [][]byte {
	const numbers = len("[sluice 1000/1000 ] ")
	room := limit - numbers - len(id)
	var ends []int
	for at := 0; at < len(text); {
		at += runeBoundary(text[at:], room)
		ends = append(ends, at)
	}
	parts := make([][]byte, 0, len(ends))
	start := 0
	for i, end := range ends {
		head := fmt.Sprintf("[sluice %d/%d %s] ", i+1, len(ends), id)
		parts = append(parts, append([]byte(head), text[start:end]...))
		start = end
	}
	return parts
}

// runeBoundary is the last end of a character at or before at.
func runeBoundary(text []byte, at int) int {
	if at >= len(text) {
		return len(text)
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// escapeBoundary is the last end of a character at or before at in the inside
// of a JSON string.
func escapeBoundary(inside []byte, at int) int {
	last := 0
	for i := 0; i <= at && i < len(inside); {
		last = i
		switch {
		case inside[i] != '\\':
			_, n := utf8.DecodeRune(inside[i:])
			i += n
		case i+1 < len(inside) && inside[i+1] == 'u':
			i += 6
			if i < len(inside)-1 && isHighSurrogate(inside[i-4:i]) && inside[i] == '\\' && inside[i+1] == 'u' {
				i += 6
			}
		default:
			i += 2
		}
	}
	return last
}

func isHighSurrogate(hex []byte) bool {
	return hex[0]|0x20 == 'd' && (hex[1] == '8' || hex[1] == '9' || hex[1]|0x20 == 'a' || hex[1]|0x20 == 'b')
}
