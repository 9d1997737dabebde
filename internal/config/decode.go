package config

import (
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/renthub/sluice/internal/expr"
)

// decoder fills config structs from one block.
type decoder struct {
	scope  *expr.Scope
	fresh  func() *expr.Scope // the scope with all files read again
	strict bool               // what env() and file() do not find is an error
	what   string
	diags  hcl.Diagnostics
	places map[string]place // of attributes, by dotted name
	sum    *summer          // of all settings, for the block's hash
	secret []hcl.Range
}

// place is where an attribute stands.
type place struct {
	rng     hcl.Range
	unknown bool // its value is not known
}

// newDecoder returns a decoder for one block of a file. what names the block
// in messages: `input "file"`.
func (l *loader) newDecoder(filename, what string) *decoder {
	d := &decoder{strict: true, what: what, places: map[string]place{}, sum: newSummer()}
	d.scope = l.scopeOf(filename)
	d.fresh = func() *expr.Scope { return l.again().scopeOf(filename) }
	d.scope.Evaluate = d.evaluate
	return d
}

func (d *decoder) report(diags ...*hcl.Diagnostic) { d.diags = append(d.diags, diags...) }

// evaluate computes an expression at load, and reports what is missing.
func (d *decoder) evaluate(e hcl.Expression) (cty.Value, hcl.Diagnostics) {
	v, diags := evaluate(e, d.scope)
	if d.strict {
		for _, m := range missingIn(v) {
			diags = append(diags, problem(callRange(e), m.summary, "%s", m.detail))
		}
	}
	return v, diags
}

// body decodes a body into structs, which share it.
func (d *decoder) body(body hcl.Body, prefix string, structs ...any) *hcl.BodyContent {
	values := make([]reflect.Value, len(structs))
	for i, s := range structs {
		values[i] = reflect.ValueOf(s)
	}
	return d.bodyFields(body, prefix, fieldsOf(values...))
}

func (d *decoder) bodyFields(body hcl.Body, prefix string, fields []field) *hcl.BodyContent {
	schema := schemaOf(fields)
	content, diags := body.Content(schema)
	d.report(explainContent(diags, schema, d.what, prefix, body)...)
	if a, ok := content.Attributes["enabled"]; ok && prefix == "" {
		d.enabled(a, fields)
	}
	for _, f := range fields {
		if f.block {
			d.blocks(content.Blocks.OfType(f.name), f, prefix)
			continue
		}
		a, given := content.Attributes[f.name]
		switch {
		case given && (f.name != "enabled" || prefix != ""):
			d.attribute(a, f.value, prefix)
		case !given && !f.optional: // reported by explainContent
			d.places[prefix+f.name] = place{rng: content.MissingItemRange, unknown: true}
		}
	}
	return content
}

// enabled decodes the attribute of that name first of all: in a block that is
// not enabled nothing can be missing.
func (d *decoder) enabled(a *hcl.Attribute, fields []field) {
	for _, f := range fields {
		if f.name != "enabled" || f.value.Kind() != reflect.Bool {
			continue
		}
		d.attribute(a, f.value, "")
		d.strict = f.value.Bool()
	}
}

// attribute decodes one attribute into v.
func (d *decoder) attribute(a *hcl.Attribute, v reflect.Value, prefix string) {
	name := prefix + a.Name
	d.places[name] = place{rng: a.Expr.Range()}
	d.sum.name(name)
	if known := d.value(a.Expr, v, name); !known {
		d.places[name] = place{rng: a.Expr.Range(), unknown: true}
	}
}

// blocks decodes the nested blocks of one type: into a struct, a pointer to
// one, or a slice of structs.
func (d *decoder) blocks(blocks hcl.Blocks, f field, prefix string) {
	v := f.value
	if v.Kind() == reflect.Slice {
		for _, b := range blocks {
			item := reflect.New(v.Type().Elem()).Elem()
			d.block(b, item, prefix)
			v.Set(reflect.Append(v, item))
		}
		return
	}
	for i, b := range blocks {
		if i > 0 {
			d.report(problem(b.DefRange, "A second "+f.name+" block", "There can be one. The first is at %s.", position(blocks[0].DefRange)))
			return
		}
		d.block(b, v, prefix)
	}
}

func (d *decoder) block(b *hcl.Block, v reflect.Value, prefix string) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	d.places[prefix+b.Type] = place{rng: b.DefRange}
	d.sum.name(prefix + b.Type)
	d.bodyFields(b.Body, prefix+b.Type+".", fieldsOf(v))
}

// problems reports what a component found wrong.
func (d *decoder) problems(found []Problem, block hcl.Range) {
	for _, p := range found {
		at, ok := d.places[p.Attr]
		if list, _, isElement := strings.Cut(p.Attr, "["); !ok && isElement { // a list that was computed
			at, ok = d.places[list]
		}
		if !ok {
			at = place{rng: block}
		}
		if at.unknown || d.hidden(at.rng) {
			continue
		}
		diag := problem(at.rng, p.Summary, "%s", p.Detail)
		if p.Warning {
			diag.Severity = hcl.DiagWarning
		}
		d.report(diag)
	}
}

// hidden reports whether something at that place was reported as an error
// already: what a component says about its value then is noise.
func (d *decoder) hidden(rng hcl.Range) bool {
	for _, got := range d.diags {
		if got.Severity == hcl.DiagError && got.Subject != nil && got.Subject.Filename == rng.Filename && rng.Overlaps(*got.Subject) {
			return true
		}
	}
	return false
}
