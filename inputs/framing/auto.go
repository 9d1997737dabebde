package framing

import "bytes"

// laravel joins the records of Laravel's log files: each begins with a date in brackets, and everything up to the next
// one belongs to it, empty lines and the frames of several exceptions included.
type laravel struct{}

func (laravel) first([]byte) joinState { return open }

func (laravel) next(s joinState, line []byte) (joinState, bool) { return s, !startsWithDate(line) }

// startsWithDate reports whether a line begins as `[2026-11-24 10:02:55` or `[2026-11-24T10:02:55`.
func startsWithDate(line []byte) bool {
	const form = "[0000-00-00 00:00"
	if len(line) < len(form) || line[0] != '[' {
		return false
	}
	for i := 1; i < len(form); i++ {
		c := line[i]
		switch form[i] {
		case '0':
			if c < '0' || c > '9' {
				return false
			}
		case ' ':
			if c != ' ' && c != 'T' {
				return false
			}
		default:
			if c != form[i] {
				return false
			}
		}
	}
	return true
}

// auto joins what most languages' loggers write, without being told which it is. JSON lines stand alone. A record that
// begins with a date in brackets goes on as Laravel's do, up to the next such line or a JSON object. To any other line
// belong those behind it that look like a stack trace or are indented.
type auto struct{}

// The states of auto beyond the common ones.
const (
	bracketed joinState = trace + 1 // the record began with a date in brackets
)

func (auto) first(line []byte) joinState {
	switch {
	case isObject(line):
		return closed
	case startsWithDate(line):
		return bracketed
	case startsTrace(line):
		return trace
	case startsJoin(line):
		return open
	}
	return likely
}

func (auto) next(s joinState, line []byte) (joinState, bool) {
	if s == bracketed {
		return s, !startsWithDate(line) && !isObject(line)
	}
	if len(line) == 0 || isObject(line) {
		return s, false
	}
	switch {
	case line[0] == ' ' || line[0] == '\t':
		if s == likely {
			s = open
		}
		return s, true
	case startsTrace(line):
		return trace, true
	case s == trace: // the exception itself, behind its frames
		return open, true
	case startsJoin(line):
		return open, true
	}
	return s, false
}

// isObject reports whether a line looks like a JSON object.
func isObject(line []byte) bool {
	return len(line) > 1 && line[0] == '{' && (line[1] == '"' || line[1] == '}' || line[1] == ' ')
}

// startsTrace reports whether a line is the first of a Python trace.
func startsTrace(line []byte) bool { return bytes.HasPrefix(line, []byte("Traceback (most recent")) }

// startsJoin reports whether a line that is not indented belongs to the one before: a cause, or a frame of PHP.
func startsJoin(line []byte) bool {
	switch line0(line) {
	case 'C':
		return bytes.HasPrefix(line, []byte("Caused by:"))
	case 'S':
		return bytes.HasPrefix(line, []byte("Stack trace:"))
	case '[':
		return bytes.HasPrefix(line, []byte("[stacktrace]")) || bytes.HasPrefix(line, []byte("[previous exception]"))
	case '#':
		return len(line) > 2 && '0' <= line[1] && line[1] <= '9' && (line[2] == ' ' || '0' <= line[2] && line[2] <= '9')
	}
	return false
}

func line0(line []byte) byte {
	if len(line) == 0 {
		return 0
	}
	return line[0]
}
