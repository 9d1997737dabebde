// Command picture makes the README's terminal picture from a real run:
//
//	script -qec 'stty cols 110; go run ./cmd/sluice run --demo' run.txt   # Ctrl-C after some seconds
//	go run ./docs/picture < run.txt > docs/terminal.svg
//
// It knows the colours that sluice prints and nothing else of terminals.
package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
)

const (
	columns    = 118
	rows       = 24
	cellWidth  = 8.0
	lineHeight = 18
	margin     = 16
)

// colours are the foregrounds of SGR codes.
var colours = map[string]string{
	"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea",
	"91": "#ffa198", "92": "#aff5b4", "93": "#f2cc60", "94": "#a5d6ff", "95": "#e2c5ff", "96": "#b3f0ff",
}

var escape = regexp.MustCompile("\x1b\\[([0-9;]*)m|\x1b[^m]")

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	lines, err := shown(in)
	if err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	width, height := int(columns*cellWidth)+2*margin, len(lines)*lineHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">`+"\n", width, height)
	b.WriteString(`<rect width="100%" height="100%" rx="8" fill="#0d1117"/>` + "\n")
	b.WriteString(`<g font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13" fill="#c9d1d9" xml:space="preserve">` + "\n")
	for i, l := range lines {
		fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", margin, margin+lineHeight*i+13, spans(l))
	}
	b.WriteString("</g>\n</svg>\n")
	_, err = io.WriteString(out, b.String())
	return err
}

// shown returns the lines of the run that the picture has: the command and the
// first lines of logs.
func shown(in io.Reader) ([]string, error) {
	lines := []string{"$ sluice run --demo"}
	s := bufio.NewScanner(in)
	for s.Scan() {
		l := strings.TrimRight(s.Text(), "\r")
		if strings.HasPrefix(l, "Script ") || strings.HasPrefix(l, "time=") || len(lines) > rows {
			continue
		}
		lines = append(lines, l)
	}
	return lines, s.Err()
}

// spans turns a line's escape sequences into coloured spans, and cuts it at
// the picture's width.
func spans(line string) string {
	var b strings.Builder
	style, left := "", columns
	write := func(text string) {
		r := []rune(text)
		r = r[:min(len(r), left)]
		left -= len(r)
		if len(r) == 0 {
			return
		}
		text = html.EscapeString(string(r))
		if style == "" {
			b.WriteString(text)
			return
		}
		fmt.Fprintf(&b, `<tspan %s>%s</tspan>`, style, text)
	}
	at := 0
	for _, m := range escape.FindAllStringSubmatchIndex(line, -1) {
		write(line[at:m[0]])
		at = m[1]
		if m[2] < 0 {
			continue
		}
		switch code := line[m[2]:m[3]]; {
		case code == "2":
			style = `fill="#8b949e"`
		case colours[code] != "":
			style = `fill="` + colours[code] + `"`
		default:
			style = ""
		}
	}
	write(line[at:])
	return b.String()
}
