package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/event"
)

// Value is what a field is set to: the same for all events, or computed from
// each. It is immutable and safe for concurrent use.
type Value struct {
	kind  event.Kind // of a constant
	text  string
	field string
	eval  func(r event.Record, s *scratch) value // nil for a constant
	canon string
	vague bool
}

// CompileValue compiles the expression of a field's new value.
func CompileValue(e hcl.Expression, s *Scope) (*Value, hcl.Diagnostics) {
	c := &compiler{scope: s}
	n := c.root(e, true)
	v := &Value{canon: n.canon, field: n.field, vague: n.unknown}
	if n.constant != nil {
		var dst []byte
		v.kind, dst = appendAs(nil, *n.constant)
		v.text = string(dst)
		return v, c.diags
	}
	v.eval = n.evaluator()
	return v, c.diags
}

// Constant returns the value if it is the same for all events.
func (v *Value) Constant() (kind event.Kind, text string, ok bool) {
	return v.kind, v.text, v.eval == nil
}

// Append appends the value for r to dst and returns its kind: Missing, and
// nothing appended, where the event has none. A field's value is copied as it
// is, escaped or not.
func (v *Value) Append(dst []byte, r event.Record) ([]byte, event.Kind) {
	switch {
	case v.eval == nil:
		return append(dst, v.text...), v.kind
	case v.field != "":
		got := r.Lookup(v.field)
		return append(dst, got.Text...), got.Kind
	}
	s := getScratch()
	kind, dst := appendAs(dst, v.eval(r, s))
	putScratch(s)
	return dst, kind
}

// Known is false if the value depends on what was not read.
func (v *Value) Known() bool { return !v.vague }

// String is the value in one canonical form.
func (v *Value) String() string { return v.canon }

// appendAs appends v as a field's value and returns its kind.
func appendAs(dst []byte, v value) (event.Kind, []byte) {
	switch v.kind {
	case text:
		return event.String, append(dst, v.bytes...)
	case number:
		return event.Number, append(dst, v.bytes...)
	case boolean:
		return event.Bool, v.appendText(dst)
	case raw, list:
		return event.JSON, v.appendJSON(dst)
	}
	return event.Missing, dst
}
