package console

import (
	"bytes"

	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/internal/term"
)

const (
	maxValue = 200 // bytes of a field's value that are shown
	maxDepth = 8   // of nested objects that are shown as dotted paths; deeper ones as JSON
)

// parts are the parts of a document as a line shows them. Text is made
// visible but for message and stack, which have lines of their own.
type parts struct {
	message, stack         []byte
	service, file, stream  []byte
	level                  []byte
	errorType, errorReason []byte
	fields                 []byte // ` key=value` in a row

	path []byte // of the field that is being read
	text []byte // scratch
}

func (f *parts) reset() {
	*f = parts{
		message: f.message[:0], stack: f.stack[:0],
		service: f.service[:0], file: f.file[:0], stream: f.stream[:0],
		level: f.level[:0], errorType: f.errorType[:0], errorReason: f.errorReason[:0],
		fields: f.fields[:0], path: f.path[:0], text: f.text[:0],
	}
}

// read takes a document apart in one pass.
func (p *Printer) read(doc []byte) {
	p.parts.reset()
	p.readObject(doc, 0)
}

func (p *Printer) readObject(obj []byte, depth int) {
	f := &p.parts
	jsonscan.Each(obj, func(key, value []byte) bool {
		n := len(f.path)
		if n > 0 {
			f.path = append(f.path, '.')
		}
		f.path = append(f.path, key...)
		p.readField(value, depth)
		f.path = f.path[:n]
		return true
	})
}

func (p *Printer) readField(value []byte, depth int) {
	f := &p.parts
	if f.keep(value) {
		return
	}
	object := value[0] == '{' && depth < maxDepth
	if len(p.o.Fields) == 0 && constant(f.path) && !(object && holder(f.path)) {
		return
	}
	if object {
		p.readObject(value, depth+1)
		return
	}
	if len(p.o.Fields) == 0 || listed(p.o.Fields, f.path) {
		p.appendField(value)
	}
}

// keep stores the value of a field that has a place of its own, and reports
// whether it has.
func (f *parts) keep(value []byte) bool {
	switch string(f.path) {
	case "@timestamp":
	case "message":
		f.message = appendText(f.message, value)
	case "error.stack_trace":
		f.stack = appendText(f.stack, value)
	case "service.name":
		f.service = f.visible(f.service, value)
	case "log.file.path":
		f.file = f.visible(f.file, value)
	case "log.iostream", "stream":
		f.stream = f.visible(f.stream, value)
	case "log.level":
		f.level = f.visible(f.level, value)
	case "error.type":
		f.errorType = f.visible(f.errorType, value)
	case "error.message":
		f.errorReason = f.visible(f.errorReason, value)
	default:
		return false
	}
	return true
}

// holder reports whether the object at path may hold a field that has a place
// of its own, though the rest of it is left out.
func holder(path []byte) bool {
	switch string(path) {
	case "service", "log", "log.file":
		return true
	}
	return false
}

// constant reports whether the field at path is left out because it is the
// same in line after line, or of use to machines only.
func constant(path []byte) bool {
	head, rest, _ := bytes.Cut(path, []byte{'.'})
	switch string(head) {
	case "host", "agent", "ecs", "kubernetes", "container", "cloud", "data_stream", "input", "orchestrator", "service", "deployment":
		return true
	case "log":
		first, _, _ := bytes.Cut(rest, []byte{'.'})
		return string(first) == "file" || string(first) == "offset"
	case "labels":
		return string(rest) == "retention"
	case "event":
		switch string(rest) {
		case "id", "created", "ingested", "dataset", "module", "original":
			return true
		}
	case "sluice":
		return len(rest) > 0 && string(rest) != "parse_error"
	}
	return false
}

// listed reports whether path, or an object that it lies in, is in list.
func listed(list []string, path []byte) bool {
	for _, l := range list {
		if len(path) >= len(l) && string(path[:len(l)]) == l && (len(path) == len(l) || path[len(l)] == '.') {
			return true
		}
	}
	return false
}

// appendText appends the text of a JSON value: of a string what it stands
// for, of others the JSON.
func appendText(dst, value []byte) []byte {
	if len(value) >= 2 && value[0] == '"' {
		return jsonscan.AppendUnquoted(dst, value[1:len(value)-1])
	}
	return append(dst, value...)
}

// visible appends the text of a JSON value so that it can be shown.
func (f *parts) visible(dst, value []byte) []byte {
	f.text = appendText(f.text[:0], value)
	return term.AppendVisible(dst, f.text, term.StripSGR)
}
