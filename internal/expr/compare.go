package expr

import (
	"bytes"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
)

// equality is the condition a == b.
func equality(a, b *node) Condition {
	if a.constant != nil {
		a, b = b, a
	}
	if b.constant == nil {
		return predicate2(a, b, equal)
	}
	want := *b.constant
	general := predicate(a, func(v value) bool { return equal(v, want) })
	switch {
	case want.kind == null:
		return predicate(a, func(v value) bool { return v.kind == null })
	case want.kind == text && a.field != "" && bytes.IndexByte(want.bytes, '\\') < 0:
		return fieldIsText(a.field, string(want.bytes), general)
	}
	return general
}

// fieldIsText is the most common condition of all, service.name == "auth",
// without any detour. A text that is the escaped one byte for byte, without a
// backslash, is the same text.
func fieldIsText(path, want string, general Condition) Condition {
	return func(r event.Record) bool {
		v := r.Lookup(path)
		switch v.Kind {
		case event.String:
			return string(v.Text) == want
		case event.JSONString:
			if string(v.Text) == want {
				return true
			}
			if bytes.IndexByte(v.Text, '\\') < 0 {
				return false
			}
		case event.Missing, event.Null:
			return false
		}
		return general(r)
	}
}

// equal is ==.
func equal(a, b value) bool {
	switch {
	case a.kind == null || b.kind == null:
		return false
	case a.kind == boolean || b.kind == boolean:
		return equalBool(a, b)
	case a.kind == number || b.kind == number:
		if !a.isTextual() || !b.isTextual() {
			return false
		}
		x, okX := readNumber(a.bytes)
		y, okY := readNumber(b.bytes)
		return okX && okY && compareNumbers(x, y) == 0
	}
	return a.kind == b.kind && a.kind != list && bytes.Equal(a.bytes, b.bytes)
}

// equalBool compares where one side is a boolean: logfmt has them as text.
func equalBool(a, b value) bool {
	if a.kind != boolean {
		a, b = b, a
	}
	if b.kind == boolean {
		return a.b == b.b
	}
	return b.kind == text && (a.b && string(b.bytes) == "true" || !a.b && string(b.bytes) == "false")
}

// ordering is the condition of <, <=, > and >=.
func ordering(a, b *node, op *hclsyntax.Operation) Condition {
	holds := func(sign int) bool {
		switch op {
		case hclsyntax.OpLessThan:
			return sign < 0
		case hclsyntax.OpLessThanOrEqual:
			return sign <= 0
		case hclsyntax.OpGreaterThan:
			return sign > 0
		}
		return sign >= 0
	}
	compare := func(x, y value) bool {
		sign, ok := compareValues(x, y)
		return ok && holds(sign)
	}
	switch {
	case b.constant != nil:
		want := *b.constant
		return predicate(a, func(v value) bool { return compare(v, want) })
	case a.constant != nil:
		want := *a.constant
		return predicate(b, func(v value) bool { return compare(want, v) })
	}
	return predicate2(a, b, compare)
}

// compareValues orders numbers by size and text by its bytes. ok is false if
// there is no order between the two.
func compareValues(a, b value) (sign int, ok bool) {
	switch {
	case !a.isTextual() || !b.isTextual():
		return 0, false
	case a.kind == text && b.kind == text:
		return bytes.Compare(a.bytes, b.bytes), true
	}
	x, okX := readNumber(a.bytes)
	y, okY := readNumber(b.bytes)
	return compareNumbers(x, y), okX && okY
}
