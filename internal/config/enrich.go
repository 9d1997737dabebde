package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/renthub/sluice/internal/expr"
)

type enrichBlock struct {
	Enabled bool           `hcl:"enabled,optional"`
	Inputs  hcl.Expression `hcl:"inputs,optional"`
	Where   expr.Condition `hcl:"where,optional"`
	Rename  hcl.Expression `hcl:"rename,optional"`
	Set     hcl.Expression `hcl:"set,optional"`
	Drop    bool           `hcl:"drop,optional"`
	Remove  []string       `hcl:"remove,optional"`
	Redact  *redactObject  `hcl:"redact,optional"`
}

type redactObject struct {
	Fields   []string `hcl:"fields,optional"`
	Patterns []string `hcl:"patterns,optional"`
}

// redactPatterns are the built-in patterns.
var redactPatterns = []string{"email", "card", "bearer", "password"}

// loadEnrich reads the enrich blocks.
func (l *loader) loadEnrich() {
	for _, b := range l.blocks["enrich"] {
		l.checkLabel(b)
		d := l.newDecoder(b.DefRange.Filename, "an enrich block")
		d.scope.Early = true
		d.sum.name(title(b))
		block := enrichBlock{Enabled: true}
		d.body(b.Body, "", &block)
		l.show(d, title(b), b.Body, &block)
		e := Enrich{Name: b.Labels[0], Where: block.Where, Drop: block.Drop, Remove: block.Remove, Range: b.DefRange}
		if block.Inputs != nil {
			d.sum.name("inputs")
			e.Inputs = l.references(d, block.Inputs, "input")
		}
		e.Rename = d.renames(block.Rename)
		e.Set = d.settings(block.Set)
		e.Redact = d.redact(block.Redact)
		d.checkEnrich(b, e)
		e.Hash = d.sum.sum()
		l.finish(d)
		if block.Enabled {
			l.config.Enrich = append(l.config.Enrich, e)
		}
	}
}

// checkEnrich reports blocks that do nothing, and paths that are none.
func (d *decoder) checkEnrich(b *hcl.Block, e Enrich) {
	if !e.Drop && len(e.Rename)+len(e.Set)+len(e.Remove) == 0 && e.Redact == nil && len(d.diags) == 0 && !d.places["drop"].unknown {
		d.report(warning(b.DefRange, "Nothing to do", "This block has none of rename, set, drop, remove and redact."))
	}
	_, narrowed := d.places["where"]
	if e.Drop && !narrowed && e.Inputs == nil && len(d.diags) == 0 {
		d.report(warning(d.places["drop"].rng, "Everything is dropped", "Without where or inputs this rule drops every event."))
	}
	for _, path := range e.Remove {
		d.checkPath(d.places["remove"].rng, path)
	}
}

// members reads { "key" = value } in the order of the file.
func (d *decoder) members(e hcl.Expression, name string) []hcl.KeyValuePair {
	if e == nil {
		return nil
	}
	pairs, diags := hcl.ExprMap(e)
	if diags.HasErrors() {
		d.report(problem(e.Range(), "Wrong value for "+name, `An object is needed here: { "field" = ... }.`))
	}
	return pairs
}

// key is the path that a member names.
func (d *decoder) key(pair hcl.KeyValuePair) (string, bool) {
	if word := hcl.ExprAsKeyword(pair.Key); word != "" {
		return documentPath(word), true
	}
	v, diags := pair.Key.Value(d.scope.Context())
	if diags.HasErrors() || v.Type() != cty.String || v.IsNull() || !v.IsKnown() {
		d.report(problem(pair.Key.Range(), "Not a field", `A field is named in quotes: "service.name".`))
		return "", false
	}
	path := documentPath(v.AsString())
	return path, d.checkPath(pair.Key.Range(), path)
}

// documentPath is a field's path in the document, by the names that
// expressions have for it.
func documentPath(name string) string {
	switch name {
	case "timestamp":
		return "@timestamp"
	case "retention.class":
		return "labels.retention"
	}
	return name
}

// checkPath reports paths that no document can have.
func (d *decoder) checkPath(rng hcl.Range, path string) bool {
	if path != "" && path[0] != '.' && path[len(path)-1] != '.' && len(path) <= 256 {
		return true
	}
	d.report(problem(rng, "Not a field", "%q is no path of a field. A path is keys with dots between them: service.name.", path))
	return false
}

// reserved are fields that only the agent sets: what a config or a line says
// about them would make an event seem to come from elsewhere.
var reserved = []string{"labels.retention", "log.file.path", "kubernetes", "sluice"}

func (d *decoder) renames(e hcl.Expression) [][2]string {
	var all [][2]string
	for _, pair := range d.members(e, "rename") {
		from, ok := d.key(pair)
		v, diags := d.evaluate(pair.Value)
		d.report(diags...)
		if v, _ = v.UnmarkDeep(); !ok || diags.HasErrors() || !v.IsKnown() {
			continue
		}
		if v.Type() != cty.String || v.IsNull() {
			d.report(problem(pair.Value.Range(), "Not a field", `The new name is written in quotes: { "svc" = "service.name" }.`))
			continue
		}
		to := documentPath(v.AsString())
		if d.checkPath(pair.Value.Range(), to) && d.checkOurs(pair.Value.Range(), to) {
			d.sum.name("rename")
			d.sum.text(from)
			d.sum.text(to)
			all = append(all, [2]string{from, to})
		}
	}
	return all
}

// checkOurs reports fields that cannot be set.
func (d *decoder) checkOurs(rng hcl.Range, path string) bool {
	for _, r := range reserved {
		if path == r || len(path) > len(r) && path[:len(r)] == r && path[len(r)] == '.' {
			hint := "Only the agent sets it, so that no line can forge it."
			if r == "labels.retention" {
				hint = "The retention block decides the class: add a class with a where."
			}
			d.report(problem(rng, fmt.Sprintf("%q cannot be set", path), "%s", hint))
			return false
		}
	}
	return true
}

func (d *decoder) settings(e hcl.Expression) []Setting {
	var all []Setting
	for _, pair := range d.members(e, "set") {
		key, ok := d.key(pair)
		v, diags := expr.CompileValue(pair.Value, d.scope)
		if d.report(diags...); !ok || diags.HasErrors() || !d.checkOurs(pair.Key.Range(), key) {
			continue
		}
		d.sum.name("set")
		d.sum.text(key)
		d.sum.text(v.String())
		all = append(all, Setting{Key: key, Value: v})
	}
	return all
}

func (d *decoder) redact(r *redactObject) *Redact {
	if r == nil {
		return nil
	}
	for _, p := range r.Patterns {
		if !slices.Contains(redactPatterns, p) {
			d.report(problem(d.places["redact.patterns"].rng, fmt.Sprintf("No pattern %q", p), "The patterns are %s.%s", enumerate(redactPatterns), expr.DidYouMean(p, redactPatterns)))
		}
	}
	for _, path := range r.Fields {
		d.checkPath(d.places["redact.fields"].rng, path)
	}
	return &Redact{Fields: r.Fields, Patterns: r.Patterns}
}
