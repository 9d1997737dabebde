package console

import (
	"bytes"
	"strconv"

	"github.com/renthub/sluice/internal/term"
)

// appendStack appends a stack trace: a line that says what it is, how many
// frames it has, and the first of them.
func (p *Printer) appendStack(dst []byte) []byte {
	f := &p.parts
	stack := bytes.Trim(f.stack, "\r\n")
	if len(stack) == 0 {
		return dst
	}
	head, frames := cutHead(stack)
	dst = append(dst, indent...)
	dst = p.begin(dst, red)
	if len(head) > 0 {
		dst = term.AppendVisible(dst, head, term.StripSGR)
	} else {
		dst = f.appendCause(dst)
	}
	dst = p.end(dst, red)
	if len(head) > 0 || len(f.errorType) > 0 || len(f.errorReason) > 0 {
		dst = append(dst, "  "...)
	}
	dst = p.begin(dst, dim)
	dst = appendCount(dst, countFrames(frames))
	dst = append(p.end(dst, dim), '\n')
	return p.appendLines(dst, frames, indent+"  ", p.o.Frames, dim)
}

// cutHead parts the lines of a stack trace that say what happened from its
// frames. The line before the frames counts as such unless it is one.
func cutHead(stack []byte) (head, frames []byte) {
	first, rest, _ := bytes.Cut(stack, []byte{'\n'})
	if isFrame(first) {
		return nil, stack
	}
	return bytes.TrimRight(first, "\r"), rest
}

// isFrame knows the frames of PHP ("#0 /app/a.php(4)"), Java and JavaScript
// ("at f (a.js:1)"), Python (`File "a.py"`) and Go (a tab and the file).
func isFrame(line []byte) bool {
	text := bytes.TrimLeft(line, " \t")
	switch {
	case len(text) > 1 && text[0] == '#' && text[1] >= '0' && text[1] <= '9',
		bytes.HasPrefix(text, []byte("at ")),
		bytes.HasPrefix(text, []byte(`File "`)):
		return true
	}
	return len(line) > 1 && line[0] == '\t' && line[1] != ' '
}

// countFrames counts the frames, or the lines where no line looks like one.
func countFrames(text []byte) int {
	frames, lines := 0, 0
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		if isFrame(line) {
			frames++
		}
		if len(bytes.TrimSpace(line)) > 0 {
			lines++
		}
		text = rest
	}
	if frames == 0 {
		return lines
	}
	return frames
}

func appendCount(dst []byte, frames int) []byte {
	dst = strconv.AppendInt(dst, int64(frames), 10)
	if frames == 1 {
		return append(dst, " frame"...)
	}
	return append(dst, " frames"...)
}
