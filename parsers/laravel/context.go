package laravel

import (
	"bytes"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/parsers/internal/ecs"
)

// context is the JSON at the end of a record, escaped and so in the batch
// anew.
type context struct {
	at            int // where it begins in the text behind the head; the message ends there
	object, extra event.Span
}

// maxTries bounds the places at which a context is looked for, so that a
// message full of braces costs no more than others.
const maxTries = 32

// find looks for a context at the end of rest: from the left, so that what it
// holds is not taken for it.
func (c *context) find(b *event.Batch, rest []byte) {
	c.at = len(rest)
	if n := len(rest); n < 2 || rest[n-1] != '}' && rest[n-1] != ']' {
		return
	}
	span := b.Append(func(dst []byte) []byte { return appendEscaped(dst, rest) })
	escaped := b.Bytes(span)
	at, in := 0, 0 // the same place in both: escaping makes no new candidates
	for range maxTries {
		if at = candidate(rest, at); at < 0 {
			return
		}
		in = candidate(escaped, in)
		if c.try(b, span, escaped[in:]) {
			c.at = at
			return
		}
	}
}

// candidate is the next place behind at where a context may begin, or -1.
func candidate(text []byte, at int) int {
	n := bytes.Index(text[at:], []byte(" {"))
	if m := bytes.Index(text[at:], []byte(" [] ")); m >= 0 && (n < 0 || m < n) {
		n = m
	}
	if n < 0 {
		return -1
	}
	return at + n + 1
}

// try takes text for a context, with Monolog's extra behind it or without.
func (c *context) try(b *event.Batch, span event.Span, text []byte) bool {
	object, behind, err := jsonscan.Value(text)
	if err != jsonscan.NoError {
		return false
	}
	extra := bytes.TrimLeft(behind, " ")
	if len(extra) > 0 {
		if len(behind) == len(extra) || !jsonscan.Valid(extra) || extra[0] != '{' && string(extra) != "[]" {
			return false
		}
	}
	if object[0] == '{' {
		c.object = b.SpanIn(span, object)
	} else if len(extra) == 0 {
		return false // "[]" alone is the message's own
	}
	if len(extra) > 0 && extra[0] == '{' {
		c.extra = b.SpanIn(span, extra)
	}
	return true
}

// appendEscaped appends text with its raw control characters escaped as JSON
// strings have them, and U+FFFD for each byte that is not UTF-8. Quotes and
// backslashes stay.
func appendEscaped(dst, text []byte) []byte {
	valid := utf8.Valid(text)
	for i := 0; i < len(text); {
		n := i
		for n < len(text) && text[n] >= ' ' && (valid || text[n] < utf8.RuneSelf) {
			n++
		}
		dst = append(dst, text[i:n]...)
		if n < len(text) {
			_, size := utf8.DecodeRune(text[n:])
			dst = jsonscan.AppendEscaped(dst, text[n:n+size])
			n += size
		}
		i = n
	}
	return dst
}

// put adds the context's members: the exception under the names of ECS, the
// others together as one object.
func (c *context) put(b *event.Batch, w *ecs.Row) {
	text := b.Bytes(c.object)
	var exception []byte
	others := 0
	jsonscan.Each(text, func(key, value []byte) bool {
		if exception == nil && string(key) == "exception" && value[0] == '"' && isException(value) {
			exception = value
		} else {
			others++
		}
		return true
	})
	if exception != nil {
		putException(b, w, b.SpanIn(c.object, exception), exception)
	}
	if others == 0 {
		return
	}
	rest := c.object
	if exception != nil {
		rest = b.Append(func(dst []byte) []byte { return appendWithout(dst, text, exception) })
	}
	w.Put(event.Field{Key: b.StoreString("context"), Val: w.Rewrite(rest), Kind: event.JSON, KeyJSON: true})
}

// appendWithout appends an object without the member that has that very value.
func appendWithout(dst, object, without []byte) []byte {
	dst = append(dst, '{')
	first := true
	jsonscan.Each(object, func(key, value []byte) bool {
		if cap(value) == cap(without) { // the same place
			return true
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(append(dst, '"'), key...), '"', ':')
		dst = append(dst, value...)
		return true
	})
	return append(dst, '}')
}
