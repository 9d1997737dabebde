// Package json reads records that are one JSON object each. Their fields stay
// as they are, nested ones too; package ecs says which move.
package json

import (
	"sync"
	"time"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/ecs"
)

// Config has no settings.
type Config struct{}

// Type is the JSON parser's.
var Type = parsers.Define("json", Config{}, open)

func open(_ Config, d parsers.Deps) (parsers.Parser, error) { return &parser{loc: d.Location}, nil }

type parser struct {
	loc  *time.Location
	free sync.Pool // of *reader
}

// reader is the memory that reading takes, kept from record to record.
type reader struct {
	row     ecs.Row
	members []jsonscan.Field
	shapes  shapes
}

// reasons are the scanner's errors in the words of events.
var reasons = [...]event.ParseError{
	jsonscan.NotJSON:       event.NotJSON,
	jsonscan.TooDeep:       event.TooDeep,
	jsonscan.TooManyFields: event.TooManyFields,
}

// Parse implements parsers.Parser.
func (p *parser) Parse(b *event.Batch, i int) bool {
	r, ok := p.free.Get().(*reader)
	if !ok {
		r = &reader{}
	}
	ok = r.read(b, i, p.loc)
	p.free.Put(r)
	return ok
}

func (r *reader) read(b *event.Batch, i int, loc *time.Location) bool {
	row := b.Row(i)
	base := row.Line
	line := b.Bytes(base)
	var err jsonscan.Error
	if r.members, _, err = jsonscan.Object(r.members[:0], line); err != jsonscan.NoError {
		row.Error = reasons[err]
		return false
	}
	id, marks := outline(r.members)
	if marks&(jsonscan.NonASCII|jsonscan.NonASCII<<keyMarks) != 0 && !utf8.Valid(line) {
		base = b.Append(func(dst []byte) []byte { return ecs.AppendValid(dst, line) })
		line = b.Bytes(base)
		r.members, _, _ = jsonscan.Object(r.members[:0], line)
		row.Error = event.BadEncoding
	}
	row.Flags |= event.Whole
	s := r.shapes.at(id)
	learn := marks&unusual == 0 && len(b.Fields(i)) == 0
	if learn && s.id == id {
		switch {
		case len(s.steps) != len(r.members):
			s.rest--
			learn = s.rest == 0
		case !s.apart(b.Source):
			learn = false
		case s.follow(b, i, base, line, r.members, loc):
			return true
		}
	}
	o := r.place(b, i, base, line, loc)
	if learn {
		r.learn(s, id, b, i, base, line, o)
	}
	return true
}

// unusual are the marks of lines that no shape is made of: something in them
// has to be rewritten.
const unusual = jsonscan.Lines | jsonscan.Doubtful | jsonscan.Escaped<<keyMarks

// place puts each member in its place.
func (r *reader) place(b *event.Batch, i int, base event.Span, line []byte, loc *time.Location) ecs.Outcome {
	r.row.Begin(b, i, loc)
	r.shapes.added = r.shapes.added[:0]
	for k := range r.members {
		f := r.field(b, base, line, &r.members[k])
		n := r.row.Count()
		r.row.Put(f)
		if r.row.Count() != n+1 {
			n = -1
		}
		r.shapes.added = append(r.shapes.added, n)
	}
	o := r.row.Outcome()
	r.row.End()
	return o
}

// field makes a field of a member of the line, which stands at base.
func (r *reader) field(b *event.Batch, base event.Span, line []byte, m *jsonscan.Field) event.Field {
	f := plainField(base, line, m)
	if m.KeyMarks&jsonscan.Escaped != 0 {
		f.Key = b.Append(func(dst []byte) []byte { return jsonscan.AppendUnquoted(dst, line[m.Key:m.KeyEnd]) })
		f.KeyJSON, f.Inline = false, false
	}
	if m.Marks&(jsonscan.Lines|jsonscan.Doubtful) != 0 && f.Kind == event.JSON {
		f.Val = r.row.Rewrite(f.Val)
		f.Inline = false
	}
	return f
}

// plainField makes a field of a member whose key and value are taken as they stand.
func plainField(base event.Span, line []byte, m *jsonscan.Field) (f event.Field) {
	setPlain(&f, base, line, m)
	return f
}

func setPlain(f *event.Field, base event.Span, line []byte, m *jsonscan.Field) {
	f.Key = event.Span{Off: base.Off + uint32(m.Key), Len: uint32(m.KeyEnd - m.Key)}
	f.Val = event.Span{Off: base.Off + uint32(m.Val), Len: uint32(m.ValEnd - m.Val)}
	f.Kind = ecs.KindOf(line[m.Val])
	if f.Kind == event.JSONString {
		f.Val.Off++
		f.Val.Len -= 2
	}
	f.KeyJSON = true
	f.Inline = m.Marks&jsonscan.Spaced == 0
}
