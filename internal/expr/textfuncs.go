package expr

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
)

// made is the text that f appends to the scratch.
func (s *scratch) made(f func(dst []byte) []byte) value {
	n := len(s.buf)
	s.buf = f(s.buf)
	return textValue(s.buf[n:len(s.buf):len(s.buf)])
}

// textFunction is a function of one text.
func textFunction(f func(dst, in []byte) []byte) builder {
	return func(c *compiler, n *node, args []*node) {
		if !c.textual(args...) {
			return
		}
		of := args[0].evaluator()
		n.eval = func(r event.Record, s *scratch) value {
			v := of(r, s)
			if !v.isTextual() {
				return nothing
			}
			start := len(s.buf)
			s.buf = f(s.buf, v.bytes)
			return textValue(s.buf[start:len(s.buf):len(s.buf)])
		}
	}
}

func appendLower(dst, in []byte) []byte { return appendMapped(dst, in, unicode.ToLower) }
func appendUpper(dst, in []byte) []byte { return appendMapped(dst, in, unicode.ToUpper) }

func appendMapped(dst, in []byte, f func(rune) rune) []byte {
	for i := 0; i < len(in); {
		r, size := rune(in[i]), 1
		if r >= utf8.RuneSelf {
			if r, size = utf8.DecodeRune(in[i:]); r == utf8.RuneError && size == 1 {
				dst = append(dst, in[i]) // not UTF-8: as it is
				i++
				continue
			}
		}
		dst = utf8.AppendRune(dst, f(r))
		i += size
	}
	return dst
}

func appendTrimmed(dst, in []byte) []byte { return append(dst, bytes.TrimSpace(in)...) }

// textOf is v's text, if it has any.
func textOf(v value) ([]byte, bool) { return v.bytes, v.isTextual() }

func buildReplace(c *compiler, n *node, args []*node) {
	if !c.textual(args...) {
		return
	}
	of, what, by := args[0].evaluator(), args[1].evaluator(), args[2].evaluator()
	n.eval = func(r event.Record, s *scratch) value {
		in, okIn := textOf(of(r, s))
		old, okOld := textOf(what(r, s))
		with, okWith := textOf(by(r, s))
		if !okIn || !okOld || !okWith {
			return nothing
		}
		start := len(s.buf)
		for len(old) > 0 {
			before, after, found := bytes.Cut(in, old)
			if !found {
				break
			}
			s.buf = append(append(s.buf, before...), with...)
			in = after
		}
		s.buf = append(s.buf, in...)
		return textValue(s.buf[start:len(s.buf):len(s.buf)])
	}
}

// buildSubstr compiles substr(text, start, length), which counts characters.
func buildSubstr(c *compiler, n *node, args []*node) {
	if !c.textual(args...) {
		return
	}
	of, from, count := args[0].evaluator(), args[1].evaluator(), args[2].evaluator()
	n.eval = func(r event.Record, s *scratch) value {
		v := of(r, s)
		start, okStart := numberOf(from(r, s))
		length, okLength := numberOf(count(r, s))
		if !v.isTextual() || !okStart || !okLength || start < 0 || length < 0 {
			return nothing
		}
		rest := skipRunes(v.bytes, start)
		return textValue(rest[:len(rest)-len(skipRunes(rest, length))])
	}
}

// skipRunes returns b without its first n characters.
func skipRunes(b []byte, n float64) []byte {
	for ; n >= 1 && len(b) > 0; n-- {
		_, size := utf8.DecodeRune(b)
		b = b[size:]
	}
	return b
}

func buildSplit(c *compiler, n *node, args []*node) {
	if !c.textual(args...) {
		return
	}
	separator, of := args[0].evaluator(), args[1].evaluator()
	n.eval = func(r event.Record, s *scratch) value {
		sep, okSep := textOf(separator(r, s))
		in, okIn := textOf(of(r, s))
		if !okSep || !okIn || len(sep) == 0 {
			return nothing
		}
		start := len(s.items)
		for rest, more := in, true; more; {
			var part []byte
			part, rest, more = bytes.Cut(rest, sep)
			s.items = append(s.items, textValue(part))
		}
		return value{kind: list, items: s.items[start:len(s.items):len(s.items)]}
	}
}

func buildJoin(c *compiler, n *node, args []*node) {
	if !c.textual(args[0]) {
		return
	}
	if args[1].typ == text || args[1].typ == number || args[1].typ == boolean {
		c.fail(args[1].rng, "Not a list", "The separator comes first, the list second: join(\",\", tags).")
		return
	}
	separator, items := args[0].evaluator(), args[1].evaluator()
	n.eval = func(r event.Record, s *scratch) value {
		sep, in := separator(r, s), items(r, s)
		if in.kind != list && in.kind != raw {
			return nothing
		}
		in = asList(in, s)
		return s.made(func(dst []byte) []byte {
			for i, item := range in.items {
				if i > 0 {
					dst = append(dst, sep.bytes...)
				}
				dst = item.appendText(dst)
			}
			return dst
		})
	}
}

// asList returns a JSON array as a list of its elements.
func asList(v value, s *scratch) value {
	if v.kind != raw {
		return v
	}
	start := len(s.items)
	if len(v.bytes) > 0 && v.bytes[0] == '[' {
		eachElement(v.bytes, func(element []byte) bool {
			s.items = append(s.items, load(event.ValueOf(element), s))
			return true
		})
	}
	return value{kind: list, items: s.items[start:len(s.items):len(s.items)]}
}

// buildCoalesce compiles coalesce: the first that is neither missing nor "".
func buildCoalesce(_ *compiler, n *node, args []*node) {
	evals := make([]func(event.Record, *scratch) value, len(args))
	for i, a := range args {
		evals[i] = a.evaluator()
	}
	n.eval = func(r event.Record, s *scratch) value {
		for _, eval := range evals {
			if v := eval(r, s); v.kind != null && !(v.kind == text && len(v.bytes) == 0) {
				return v
			}
		}
		return nothing
	}
}

// buildLength compiles length: characters, elements or members.
func buildLength(_ *compiler, n *node, args []*node) {
	of := args[0].evaluator()
	n.eval = func(r event.Record, s *scratch) value {
		v := of(r, s)
		switch v.kind {
		case text, number:
			return floatValue(float64(utf8.RuneCount(v.bytes)), s)
		case list:
			return floatValue(float64(len(v.items)), s)
		case raw:
			return floatValue(float64(countMembers(v.bytes)), s)
		}
		return floatValue(0, s)
	}
}
