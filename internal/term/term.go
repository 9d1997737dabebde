// Package term knows terminals: whether there is one, how wide it is, and how
// text from outside is shown on it without the text taking it over.
package term

import (
	"os"

	"golang.org/x/term"
)

// IsTerminal reports whether f is a terminal.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Width is the number of columns of the terminal f, or 0 if f is none or has
// no width.
func Width(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 0 {
		return 0
	}
	return width
}

// Colour decides whether colours are to be used: setting is "always", "never"
// or "auto", which asks for a terminal and honours NO_COLOR and TERM=dumb as
// getenv tells them.
func Colour(setting string, terminal bool, getenv func(string) string) bool {
	switch setting {
	case "always":
		return true
	case "never":
		return false
	}
	return terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}
