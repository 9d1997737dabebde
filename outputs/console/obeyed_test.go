package console

import (
	"fmt"
	"regexp"
	"unicode/utf8"
)

var colours = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// firstObeyed names the first thing in shown that a terminal would obey, other
// than colours, line ends and tabs. It is written apart from what it checks.
func firstObeyed(shown []byte) string {
	rest := colours.ReplaceAll(shown, nil)
	for len(rest) > 0 {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == '\n' || r == '\t':
		case r == utf8.RuneError && n == 1:
			return fmt.Sprintf("byte %x", rest[0])
		case r < 0x20, r >= 0x7F && r < 0xA0, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x200E, r == 0x200F, r == 0x2028, r == 0x2029:
			return fmt.Sprintf("character %U", r)
		}
		rest = rest[n:]
	}
	return ""
}
