package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyconvert "github.com/zclconf/go-cty/cty/convert"

	"github.com/renthub/sluice/internal/expr"
)

// loadValues resolves variables and locals.
func (l *loader) loadValues() {
	l.loadVariables()
	l.loadLocals()
}

var variableSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "default"}, {Name: "description"}}}

func (l *loader) loadVariables() {
	l.values["var"], l.values["local"] = cty.EmptyObjectVal, cty.EmptyObjectVal
	vars := map[string]cty.Value{}
	for _, b := range l.blocks["variable"] {
		name := b.Labels[0]
		if l.checkLabel(b); isName(name) {
			vars[name] = l.variable(b, name)
		}
	}
	for name := range l.options.Vars {
		if _, ok := vars[name]; !ok {
			l.report(&hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: fmt.Sprintf("No variable %q", name),
				Detail: "--var sets variables that the config declares." + expr.DidYouMean(name, slices.Sorted(maps.Keys(vars))),
			})
		}
	}
	l.values["var"] = cty.ObjectVal(vars)
}

// variable is the value of one: from --var, SLUICE_VAR_name, or its default.
func (l *loader) variable(b *hcl.Block, name string) cty.Value {
	content, diags := b.Body.Content(variableSchema)
	l.report(explainContent(diags, variableSchema, title(b), "", b.Body)...)
	fallback := cty.NilVal
	if a, ok := content.Attributes["default"]; ok {
		v, diags := evaluate(a.Expr, l.scopeOf(b.DefRange.Filename))
		l.report(diags...)
		fallback = v
	}
	given, ok := l.options.Vars[name]
	if !ok && l.options.Env != nil && !l.options.Static {
		given, ok = l.options.Env("SLUICE_VAR_" + name)
	}
	switch {
	case ok:
		return l.givenValue(b, name, given, fallback)
	case fallback != cty.NilVal:
		return fallback
	case l.options.Static:
		return cty.DynamicVal
	}
	l.report(problem(b.DefRange, fmt.Sprintf("Variable %q has no value", name), "Give it with --var %s=..., with SLUICE_VAR_%s, or a default.", name, name))
	return cty.DynamicVal
}

// givenValue reads text from outside as the type that the default has.
func (l *loader) givenValue(b *hcl.Block, name, given string, fallback cty.Value) cty.Value {
	if fallback == cty.NilVal || fallback.IsNull() || !fallback.IsKnown() || fallback.Type() == cty.String {
		return cty.StringVal(given)
	}
	if t := fallback.Type(); t.IsPrimitiveType() {
		if v, err := ctyconvert.Convert(cty.StringVal(given), t); err == nil {
			return v
		}
	} else if e, diags := hclsyntax.ParseExpression([]byte(given), "--var "+name, hcl.InitialPos); !diags.HasErrors() {
		if v, diags := e.Value(nil); !diags.HasErrors() && !v.Type().IsPrimitiveType() {
			return v
		}
	}
	l.report(problem(b.DefRange, fmt.Sprintf("Wrong value for variable %q", name), "Its default is %s, and what was given is not: %q.", kindOf(fallback), given))
	return cty.DynamicVal
}

// loadLocals resolves locals, each after those that it refers to.
func (l *loader) loadLocals() {
	all := map[string]*hcl.Attribute{}
	for _, b := range l.blocks["locals"] {
		attrs, diags := b.Body.JustAttributes()
		l.report(diags...)
		for name, a := range attrs {
			if before, ok := all[name]; ok {
				if before.NameRange.Start.Byte > a.NameRange.Start.Byte && before.NameRange.Filename == a.NameRange.Filename {
					before, a = a, before
				}
				l.report(problem(a.NameRange, fmt.Sprintf("A second local %q", name), "Names are unique. The first is at %s.", position(before.NameRange)))
			}
			all[name] = a
		}
	}
	r := &resolver{loader: l, attrs: all, done: map[string]cty.Value{}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r.resolve(name)
	}
	l.values["local"] = cty.ObjectVal(r.done)
}

// resolver evaluates locals in the order of their dependencies.
type resolver struct {
	loader *loader
	attrs  map[string]*hcl.Attribute
	done   map[string]cty.Value
	open   []string // being resolved
}

func (r *resolver) resolve(name string) {
	a, declared := r.attrs[name]
	if _, ok := r.done[name]; ok || !declared {
		return
	}
	if slices.Contains(r.open, name) {
		r.loader.report(problem(a.Expr.Range(), fmt.Sprintf("Local %q refers to itself", name), "The circle is %s.", enumerate(r.open)))
		r.done[name] = cty.DynamicVal
		return
	}
	r.open = append(r.open, name)
	for _, t := range a.Expr.Variables() {
		if step, ok := secondName(t); ok && t.RootName() == "local" {
			r.resolve(step)
		}
	}
	r.open = r.open[:len(r.open)-1]
	if _, ok := r.done[name]; ok { // a circle
		return
	}
	r.loader.values["local"] = cty.ObjectVal(withUndone(r.done, r.attrs))
	v, diags := evaluate(a.Expr, r.loader.scopeOf(a.Range.Filename))
	r.loader.report(diags...)
	r.done[name] = v
}

// withUndone is done, and an unknown value for each local that is not.
func withUndone(done map[string]cty.Value, attrs map[string]*hcl.Attribute) map[string]cty.Value {
	all := map[string]cty.Value{}
	for name := range attrs {
		all[name] = cty.DynamicVal
	}
	for name, v := range done {
		all[name] = v
	}
	return all
}

// secondName is b of a.b.
func secondName(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	step, ok := t[1].(hcl.TraverseAttr)
	return step.Name, ok
}
