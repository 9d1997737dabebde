package laravel

import (
	"bytes"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers/internal/ecs"
)

// An exception as Monolog writes it, inside a JSON string:
//
//	[object] (Class(code: 402): message at /app/File.php:4)
//	[stacktrace]
//	#0 ...
//
// Line ends are \n in two characters, so that every part of it is the inside
// of a JSON string as well.
var (
	object     = []byte(`[object] (`)
	code       = []byte(`(code: `)
	codeEnd    = []byte(`): `)
	stackTrace = []byte(`)\n[stacktrace]\n`)
	previous   = []byte(`\n\n[previous exception] `)
	at         = []byte(` at `)
)

func isException(value []byte) bool {
	return bytes.HasPrefix(value[1:], object) && bytes.Contains(value, code)
}

// putException adds what an exception tells; value is its JSON string, which
// stands at span.
func putException(b *event.Batch, w *ecs.Row, span event.Span, value []byte) {
	put := func(key string, part []byte, kind event.Kind) {
		if len(part) == 0 {
			return
		}
		val := event.Span{Off: span.Off + uint32(cap(value)-cap(part)), Len: uint32(len(part))}
		w.Put(event.Field{Key: b.StoreString(key), Val: val, Kind: kind, KeyJSON: true})
	}
	text := value[1 : len(value)-1]
	head, trace := text, []byte(nil)
	if i := bytes.Index(text, stackTrace); i >= 0 {
		head, trace = text[:i], text[i+len(stackTrace):]
	} else if i := bytes.Index(text, previous); i >= 0 {
		head, trace = bytes.TrimSuffix(text[:i], []byte(")")), text[i+4:]
	} else {
		head = bytes.TrimSuffix(head, []byte(")"))
	}
	class, rest, _ := bytes.Cut(head[len(object):], code)
	number, message, ok := bytes.Cut(rest, codeEnd)
	if !ok {
		put("error.stack_trace", text, event.JSONString)
		return
	}
	if i := bytes.LastIndex(message, at); i >= 0 {
		file := message[i+len(at):]
		message = message[:i]
		if k := bytes.LastIndexByte(file, ':'); k > 0 && isNumber(file[k+1:]) {
			put("log.origin.file.line", file[k+1:], event.Number)
			file = file[:k]
		}
		put("log.origin.file.name", file, event.JSONString)
	}
	put("error.type", class, event.JSONString)
	put("error.code", number, event.JSONString)
	put("error.message", message, event.JSONString)
	for bytes.HasSuffix(trace, []byte(`\n`)) && !bytes.HasSuffix(trace, []byte(`\\n`)) {
		trace = trace[:len(trace)-2]
	}
	put("error.stack_trace", trace, event.JSONString)
}

// isNumber says whether text is a JSON number of digits alone.
func isNumber(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 {
			return false
		}
	}
	return len(text) == 1 || len(text) > 1 && text[0] != '0'
}
