package config

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/renthub/sluice/internal/expr"
)

var (
	templateType   = reflect.TypeFor[*expr.Template]()
	valueType      = reflect.TypeFor[*expr.Value]()
	conditionType  = reflect.TypeFor[expr.Condition]()
	expressionType = reflect.TypeFor[hcl.Expression]()
	secretType     = reflect.TypeFor[Secret]()
	regexpType     = reflect.TypeFor[*regexp.Regexp]()
	durationType   = reflect.TypeFor[Duration]()
	sizeType       = reflect.TypeFor[Size]()
	textType       = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// value decodes an expression into v and reports whether its value is known.
func (d *decoder) value(e hcl.Expression, v reflect.Value, name string) (known bool) {
	switch v.Type() {
	case expressionType:
		v.Set(reflect.ValueOf(e))
		return true
	case templateType:
		return set(d, v, e, expr.CompileTemplate)
	case valueType:
		return set(d, v, e, expr.CompileValue)
	case conditionType:
		return d.condition(e, v)
	}
	if v.Kind() == reflect.Pointer && v.Type() != regexpType {
		item := reflect.New(v.Type().Elem())
		known = d.value(e, item.Elem(), name)
		v.Set(item)
		return known
	}
	if v.Kind() == reflect.Slice {
		if items, diags := hcl.ExprList(e); !diags.HasErrors() {
			return d.list(items, v, name)
		}
	}
	if v.Kind() == reflect.Map || isObject(v) {
		if pairs, diags := hcl.ExprMap(e); !diags.HasErrors() {
			return d.object(pairs, e.Range(), v, name)
		}
	}
	return d.plain(e, v, name)
}

// set compiles an expression over events into v.
func set[T interface {
	fmt.Stringer
	Known() bool
}](d *decoder, v reflect.Value, e hcl.Expression, compile func(hcl.Expression, *expr.Scope) (T, hcl.Diagnostics)) bool {
	got, diags := compile(e, d.scope)
	d.report(diags...)
	if !diags.HasErrors() {
		v.Set(reflect.ValueOf(got))
		d.sum.text(got.String())
	}
	return got.Known()
}

func (d *decoder) condition(e hcl.Expression, v reflect.Value) bool {
	cond, canon, diags := expr.CompileCanonical(e, d.scope)
	d.report(diags...)
	if !diags.HasErrors() {
		v.Set(reflect.ValueOf(cond))
		d.sum.text(canon)
	}
	return true
}

// list decodes each element at its own place.
func (d *decoder) list(items []hcl.Expression, v reflect.Value, name string) bool {
	known := true
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.sum.name("[]")
		one := d.value(item, out.Index(i), name)
		d.places[element(name, i)] = place{rng: item.Range(), unknown: !one}
		known = one && known
	}
	v.Set(out)
	return known
}

// object decodes { a = 1 } into a map or a struct.
func (d *decoder) object(pairs []hcl.KeyValuePair, rng hcl.Range, v reflect.Value, name string) bool {
	if v.Kind() == reflect.Struct {
		return d.objectStruct(pairs, rng, v, name)
	}
	known := true
	out := reflect.MakeMap(v.Type())
	for _, pair := range pairs {
		key, diags := pair.Key.Value(nil)
		if d.report(diags...); diags.HasErrors() || key.Type() != cty.String || key.IsNull() {
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.sum.name(key.AsString())
		known = d.value(pair.Value, item, name+"."+key.AsString()) && known
		d.places[name+"."+key.AsString()] = place{rng: pair.Value.Range()}
		out.SetMapIndex(reflect.ValueOf(key.AsString()), item)
	}
	v.Set(out)
	return known
}

// objectStruct decodes { field = "time" } as if it were a block.
func (d *decoder) objectStruct(pairs []hcl.KeyValuePair, rng hcl.Range, v reflect.Value, name string) bool {
	known, fields := true, fieldsOf(v)
	seen, misspelt := map[string]bool{}, map[string]bool{}
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	for _, pair := range pairs {
		key := hcl.ExprAsKeyword(pair.Key)
		if k, diags := pair.Key.Value(nil); key == "" && !diags.HasErrors() && k.Type() == cty.String {
			key = k.AsString()
		}
		found := false
		for _, f := range fields {
			if found = f.name == key; found {
				seen[key] = true
				d.places[name+"."+key] = place{rng: pair.Value.Range()}
				d.sum.name(name + "." + key)
				known = d.value(pair.Value, f.value, name+"."+key) && known
				break
			}
		}
		if !found {
			misspelt[expr.Nearest(key, names)] = true
			d.report(problem(pair.Key.Range(), fmt.Sprintf("No key %q in %s", key, name), "It takes %s.%s", enumerate(names), expr.DidYouMean(key, names)))
		}
	}
	for _, f := range fields {
		if !f.optional && !seen[f.name] && !misspelt[f.name] {
			d.report(problem(rng, fmt.Sprintf("%s needs %q", name, f.name), "It takes %s.", enumerate(names)))
		}
	}
	return known
}

// plain decodes a value that is known at load.
func (d *decoder) plain(e hcl.Expression, v reflect.Value, name string) bool {
	got, diags := d.evaluate(e)
	if d.report(diags...); diags.HasErrors() {
		return false
	}
	if v.Type() == secretType {
		return d.secretValue(e, got, v)
	}
	got, _ = got.UnmarkDeep()
	if !got.IsWhollyKnown() {
		return false
	}
	d.sum.value(got)
	if err := convert(got, v); err != nil {
		d.report(problem(e.Range(), "Wrong value for "+lastName(name), "%s", sentence(err)))
	}
	return true
}

// secretValue decodes a secret. Its place is noted, so that no message shows
// the line as it is.
func (d *decoder) secretValue(e hcl.Expression, got cty.Value, v reflect.Value) bool {
	d.secret = append(d.secret, e.Range())
	reread := isFromFile(got)
	got, _ = got.UnmarkDeep()
	if !got.IsWhollyKnown() {
		return false
	}
	if got.IsNull() {
		return true
	}
	if got.Type() != cty.String {
		d.report(problem(e.Range(), "A secret is text", "Write it in quotes, or use env() or file()."))
		return true
	}
	d.sum.value(got)
	s := NewSecret(got.AsString())
	if reread {
		s = newSecret(got.AsString(), func() (string, error) { return evaluateSecret(e, d.fresh()) })
	}
	v.Set(reflect.ValueOf(s))
	return true
}

// evaluateSecret computes a secret's expression again.
func evaluateSecret(e hcl.Expression, s *expr.Scope) (string, error) {
	v, diags := e.Value(s.Context())
	for _, m := range missingIn(v) {
		return "", fmt.Errorf("read secret: %s: %s", m.summary, m.detail)
	}
	if v, _ = v.UnmarkDeep(); diags.HasErrors() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", fmt.Errorf("read secret: its expression has no text")
	}
	return v.AsString(), nil
}

// element names one element of a list, for its place.
func element(name string, i int) string { return fmt.Sprintf("%s[%d]", name, i) }

// isObject reports whether a type can be written as { key = "value" }. One that
// reads itself from text too takes both forms.
func isObject(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && v.Type() != secretType && (!isText(v) || len(fieldsOf(v)) > 0)
}

// isText reports whether a type reads itself from text.
func isText(v reflect.Value) bool { return reflect.PointerTo(v.Type()).Implements(textType) }
