package expr

import (
	"bytes"
	"strconv"

	"github.com/renthub/sluice/event"
)

// kind says what a value is while an expression is evaluated.
type kind uint8

const (
	null    kind = iota // missing, or null
	text                // bytes, unescaped
	number              // bytes as they stood in the line or the config
	boolean             // b
	list                // items
	raw                 // a JSON object or array
)

// value is what a node yields for one record. Its bytes belong to the record,
// the config or the scratch, and are valid until the evaluation ends.
type value struct {
	kind  kind
	b     bool
	bytes []byte
	items []value
}

var nothing = value{}

func textValue(b []byte) value  { return value{kind: text, bytes: b} }
func boolValue(b bool) value    { return value{kind: boolean, b: b} }
func numberText(b []byte) value { return value{kind: number, bytes: b} }
func (v value) isTextual() bool { return v.kind == text || v.kind == number }
func (v value) truth() bool {
	return v.kind == boolean && v.b || v.kind == text && string(v.bytes) == "true"
}
func floatValue(f float64, s *scratch) value {
	n := len(s.buf)
	s.buf = appendFloat(s.buf, f)
	return numberText(s.buf[n:len(s.buf):len(s.buf)])
}

// appendFloat appends f as a person writes it: whole numbers without a point
// or an exponent, as far as they are exact.
func appendFloat(dst []byte, f float64) []byte {
	if f == float64(int64(f)) && f > -1e15 && f < 1e15 {
		return strconv.AppendInt(dst, int64(f), 10)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

// plain returns v as a value if that needs no unescaping.
func plain(v event.Value) (value, bool) {
	switch v.Kind {
	case event.String:
		return value{kind: text, bytes: v.Text}, true
	case event.JSONString:
		if bytes.IndexByte(v.Text, '\\') >= 0 {
			return nothing, false
		}
		return value{kind: text, bytes: v.Text}, true
	case event.Number:
		return value{kind: number, bytes: v.Text}, true
	case event.Bool:
		return value{kind: boolean, b: len(v.Text) == 4}, true
	case event.JSON:
		return value{kind: raw, bytes: v.Text}, true
	}
	return nothing, true
}

// load returns v as a value, unescaped into the scratch where that is needed.
func load(v event.Value, s *scratch) value {
	if got, ok := plain(v); ok {
		return got
	}
	n := len(s.buf)
	s.buf = appendUnescaped(s.buf, v.Text)
	return textValue(s.buf[n:len(s.buf):len(s.buf)])
}

// appendText appends v as a template writes it; null is nothing.
func (v value) appendText(dst []byte) []byte {
	switch v.kind {
	case boolean:
		return strconv.AppendBool(dst, v.b)
	case list:
		return v.appendJSON(dst)
	}
	return append(dst, v.bytes...)
}

// appendJSON appends v as JSON.
func (v value) appendJSON(dst []byte) []byte {
	switch v.kind {
	case text:
		return appendQuoted(dst, v.bytes)
	case number, raw:
		return append(dst, v.bytes...)
	case boolean:
		return strconv.AppendBool(dst, v.b)
	case list:
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendJSON(dst)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}
