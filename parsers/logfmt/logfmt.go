// Package logfmt reads records of key=value pairs:
//
//	time=2026-11-24T10:02:55Z level=info msg="request completed" status=200
//
// A value with spaces stands in quotes, with the escapes of JSON. A key alone
// is true. All values are text, since logfmt does not tell numbers apart.
package logfmt

import (
	"bytes"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/ecs"
)

// Config has no settings.
type Config struct{}

// Type is the logfmt parser's.
var Type = parsers.Define("logfmt", Config{}, open)

func open(_ Config, d parsers.Deps) (parsers.Parser, error) { return &parser{loc: d.Location}, nil }

type parser struct {
	loc  *time.Location
	rows ecs.Rows
}

// Parse implements parsers.Parser.
func (p *parser) Parse(b *event.Batch, i int) bool {
	row := b.Row(i)
	line := b.Line(i)
	if err := check(line); err != event.NoError {
		row.Error = err
		return false
	}
	w := p.rows.Get()
	w.Begin(b, i, p.loc)
	for at := 0; ; {
		var t token
		if t, at = next(line, at); t.kind == none {
			break
		}
		w.Put(t.field(b, row.Line.Off, line))
	}
	w.End()
	p.rows.Put(w)
	if b.Find(i, "message") >= 0 {
		row.Flags |= event.Whole
	}
	return true
}

// check says whether a line is logfmt: nothing but tokens, the first of them
// a pair.
func check(line []byte) event.ParseError {
	n := 0
	for at := 0; ; n++ {
		var t token
		t, at = next(line, at)
		switch {
		case t.kind == none && n > 0:
			return event.NoError
		case t.kind == none, t.kind == broken, n == 0 && t.kind == alone:
			return event.BadLogfmt
		case n == jsonscan.MaxFields:
			return event.TooManyFields
		}
	}
}

// token is a pair, or a key alone.
type token struct {
	kind        tokenKind
	key, keyEnd int
	val, valEnd int
	escaped     bool
}

type tokenKind uint8

const (
	none   tokenKind = iota // the line is at its end
	broken                  // no logfmt
	alone                   // a key
	bare                    // key=value
	quoted                  // key="value"
)

// next reads the token at or behind at.
func next(line []byte, at int) (token, int) {
	for at < len(line) && line[at] <= ' ' {
		at++
	}
	if at == len(line) {
		return token{}, at
	}
	t := token{kind: alone, key: at}
	for at < len(line) && line[at] > ' ' && line[at] != '=' && line[at] != '"' {
		at++
	}
	t.keyEnd = at
	if at == t.key || at < len(line) && line[at] == '"' {
		return token{kind: broken}, at
	}
	if at == len(line) || line[at] != '=' {
		return t, at
	}
	at++
	if at < len(line) && line[at] == '"' {
		return quotedValue(t, line, at+1)
	}
	t.kind, t.val = bare, at
	for at < len(line) && line[at] > ' ' {
		at++
	}
	t.valEnd = at
	return t, at
}

// quotedValue reads a value from behind its opening quote.
func quotedValue(t token, line []byte, at int) (token, int) {
	t.kind, t.val = quoted, at
	for {
		n := bytes.IndexAny(line[at:], `"\`)
		if n < 0 || line[at+n] == '\\' && at+n+2 > len(line) {
			return token{kind: broken}, at
		}
		if line[at+n] == '"' {
			t.valEnd = at + n
			at = t.valEnd + 1
			if at < len(line) && line[at] > ' ' {
				return token{kind: broken}, at
			}
			return t, at
		}
		t.escaped = true
		at += n + 2
	}
}

// field makes a field of a token of the line, which stands at off.
func (t *token) field(b *event.Batch, off uint32, line []byte) event.Field {
	f := event.Field{Key: event.Span{Off: off + uint32(t.key), Len: uint32(t.keyEnd - t.key)}, Kind: event.String}
	switch {
	case t.kind == alone:
		f.Kind, f.Val = event.Bool, b.StoreString("true")
	case t.escaped:
		f.Val = b.Append(func(dst []byte) []byte { return jsonscan.AppendUnquoted(dst, line[t.val:t.valEnd]) })
	default:
		f.Val = event.Span{Off: off + uint32(t.val), Len: uint32(t.valEnd - t.val)}
	}
	return f
}
