package enrich

import (
	"bytes"
	"fmt"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

// mask is what stands for what was redacted.
const mask = "[redacted]"

// Redactor makes fields, and text of known forms, unreadable. It is immutable.
type Redactor struct {
	fields []string
	kinds  kinds
}

// kinds is a set of the built-in patterns.
type kinds uint8

const (
	email kinds = 1 << iota
	card
	bearer
	password
)

// Patterns are the names of the built-in patterns.
func Patterns() []string { return []string{"email", "card", "bearer", "password"} }

// NewRedactor returns a redactor for the values at these paths and for
// whatever has the form of these patterns, in the message and in every value:
// "email"; "card", numbers of payment cards with a valid check digit; "bearer",
// tokens behind that word; "password", values that stand with such a key.
func NewRedactor(fields, patterns []string) (*Redactor, error) {
	r := &Redactor{fields: fields}
	for _, p := range patterns {
		switch p {
		case "email":
			r.kinds |= email
		case "card":
			r.kinds |= card
		case "bearer":
			r.kinds |= bearer
		case "password":
			r.kinds |= password
		default:
			return nil, fmt.Errorf("there is no pattern %q to redact", p)
		}
	}
	return r, nil
}

// apply redacts row i.
func (r *Redactor) apply(b *event.Batch, i int) {
	for _, path := range r.fields {
		hide(b, i, path)
	}
	if r.kinds == 0 {
		return
	}
	row := b.Row(i)
	if !r.maybe(b, i) {
		return
	}
	if row.Flags&event.Whole == 0 && b.Find(i, "message") < 0 {
		r.line(b, i)
	}
	for k := range b.Fields(i) {
		r.field(b, i, k)
	}
}

// hide redacts the value at a path, and all below it.
func hide(b *event.Batch, i int, path string) {
	found := false
	fields := b.Fields(i)
	for k := range fields {
		f := &fields[k]
		if key := b.Bytes(f.Key); string(key) == path || below(key, path) {
			f.Val, f.Kind, f.Inline = b.StoreString(mask), event.JSONString, false
			found = true
		}
	}
	if found {
		if b.Find(i, path) >= 0 {
			removeBelow(b, i, path) // a masked value cannot stand beside what was below it
		}
		return
	}
	if path == "message" && b.Row(i).Flags&event.Whole == 0 {
		b.Add(i, event.Field{Key: event.KeyMessage, Val: b.StoreString(mask), Kind: event.JSONString, KeyJSON: true})
		return
	}
	if k, val, ok := nested(b, i, path); ok {
		start := int(val.Off - b.Fields(i)[k].Val.Off)
		replace(b, i, k, start, start+int(val.Len), `"`+mask+`"`)
	}
}

// line makes a redacted copy of the line the message, if there is anything to
// redact in it.
func (r *Redactor) line(b *event.Batch, i int) {
	line := b.Line(i)
	if !r.matches(line) {
		return
	}
	val := b.Append(func(dst []byte) []byte { return r.appendRedacted(dst, line) })
	b.Add(i, event.Field{Key: event.KeyMessage, Val: val, Kind: event.String, KeyJSON: true})
}

// field redacts field k.
func (r *Redactor) field(b *event.Batch, i, k int) {
	f := b.Fields(i)[k]
	text := b.Bytes(f.Val)
	key := b.Bytes(f.Key)
	switch f.Kind {
	case event.JSON:
		if !r.suspect(text) && !hides(text) {
			return
		}
		w := jsonscan.Rewriter{Scalar: r.appendScalar}
		f.Val = b.Append(func(dst []byte) []byte { return w.Append(dst, text) })
	case event.String, event.JSONString, event.Number:
		switch {
		case r.kinds&password != 0 && isPassword(key):
			f.Val, f.Kind = b.StoreString(mask), event.JSONString
		case f.Kind == event.JSONString && bytes.IndexByte(text, '\\') >= 0:
			val := b.Append(func(dst []byte) []byte { return jsonscan.AppendUnquoted(dst, text) })
			if plain := b.Bytes(val); r.matches(plain) {
				f.Val = b.Append(func(dst []byte) []byte { return r.appendRedacted(dst, plain) })
				f.Kind = event.String
			} else {
				return
			}
		case r.matches(text):
			f.Val = b.Append(func(dst []byte) []byte { return r.appendRedacted(dst, text) })
			if f.Kind == event.Number {
				f.Kind = event.JSONString
			}
		default:
			return
		}
	default:
		return
	}
	f.Inline = false
	b.Fields(i)[k] = f
}

// appendScalar redacts a scalar inside of a JSON value.
func (r *Redactor) appendScalar(dst, key, scalar []byte) []byte {
	first := scalar[0]
	number := first == '-' || first-'0' <= 9
	if first != '"' && !number {
		return append(dst, scalar...)
	}
	if bytes.IndexByte(key, '\\') >= 0 {
		key = jsonscan.AppendUnquoted(nil, key)
	}
	if r.kinds&password != 0 && isPassword(key) {
		return append(append(append(dst, '"'), mask...), '"')
	}
	if number {
		if !r.matches(scalar) {
			return append(dst, scalar...)
		}
		return append(append(append(dst, '"'), mask...), '"')
	}
	inside := scalar[1 : len(scalar)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		if !r.matches(inside) {
			return append(dst, scalar...)
		}
		return append(r.appendRedacted(append(dst, '"'), inside), '"')
	}
	plain := jsonscan.AppendUnquoted(nil, inside)
	if !r.matches(plain) {
		return append(dst, scalar...)
	}
	return jsonscan.AppendString(dst, r.appendRedacted(nil, plain))
}
