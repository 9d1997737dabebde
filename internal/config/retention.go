package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/expr"
)

type retentionBlock struct {
	Default string `hcl:"default,optional"`
}

type classBlock struct {
	Keep  hcl.Expression `hcl:"keep"`
	Where expr.Condition `hcl:"where,optional"`
}

// classSchema finds the class blocks, which have a label.
var classSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "class", LabelNames: []string{"name"}}}}

// maxClasses is how many retention classes there can be: an event holds its
// class in a byte.
const maxClasses = 255

// classNames are the classes that a retention block declares.
func classNames(body hcl.Body) []string {
	content, _, _ := body.PartialContent(classSchema)
	names := []string{}
	for _, b := range content.Blocks {
		names = append(names, b.Labels[0])
	}
	return names
}

// loadRetention reads the retention block. Without one everything is of one
// class.
func (l *loader) loadRetention() {
	b := l.only("retention")
	if b == nil {
		l.config.Retention = Retention{Default: "standard", Classes: []Class{{Name: "standard", Keep: 30 * 24 * time.Hour}}}
		return
	}
	content, rest, diags := b.Body.PartialContent(classSchema)
	d := l.newDecoder(b.DefRange.Filename, "retention")
	d.report(diags...)
	block := retentionBlock{}
	d.body(rest, "", &block)
	l.show(d, "retention", rest, &block)
	r := Retention{Default: block.Default}
	first := map[string]hcl.Range{}
	for _, c := range content.Blocks {
		name := c.Labels[0]
		if before, again := first[name]; again {
			d.report(problem(c.DefRange, fmt.Sprintf("A second class %q", name), "Names are unique. The first is at %s.", position(before)))
			continue
		}
		first[name] = c.DefRange
		r.Classes = append(r.Classes, l.class(d, c))
	}
	d.checkRetention(b, &r)
	r.Hash = d.sum.sum()
	l.finish(d)
	l.config.Retention = r
}

// class reads one class block.
func (l *loader) class(d *decoder, b *hcl.Block) Class {
	name := b.Labels[0]
	if !isClassName(name) {
		d.report(problem(b.LabelRanges[0], fmt.Sprintf("%q is no name of a class", name), "It becomes part of the names of indices and topics: lower-case letters, digits, _ and -, at most 40."))
	}
	block := classBlock{}
	inner := l.newDecoder(b.DefRange.Filename, "a retention class")
	inner.sum, inner.scope.Early = d.sum, true
	d.sum.name(title(b))
	inner.body(b.Body, "", &block)
	retention := &l.config.shown[len(l.config.shown)-1]
	retention.inner = append(retention.inner, l.shownBlock(inner, title(b), "", b.Body, fieldsOf(reflectOf(&block))))
	c := Class{Name: name, Where: block.Where}
	if block.Keep != nil {
		c.Keep = inner.keep(block.Keep)
	}
	d.report(inner.diags...)
	return c
}

// keep reads how long: a duration, or forever.
func (d *decoder) keep(e hcl.Expression) time.Duration {
	v, diags := d.evaluate(e)
	d.report(diags...)
	v, _ = v.UnmarkDeep()
	if diags.HasErrors() || !v.IsWhollyKnown() || v.IsNull() {
		return 0
	}
	d.sum.value(v)
	if v.Type().FriendlyName() == "string" && v.AsString() == "forever" {
		return 0
	}
	var keep Duration
	if err := convertUnit(v, reflectOf(&keep)); err != nil {
		d.report(problem(e.Range(), "Wrong value for keep", `%s Or write "forever".`, sentence(err)))
	} else if keep.Std() < time.Second {
		d.report(problem(e.Range(), "Wrong value for keep", `A class keeps its events for a second or more, or "forever".`))
	}
	return keep.Std()
}

// checkRetention reports what does not agree, and finds the default.
func (d *decoder) checkRetention(b *hcl.Block, r *Retention) {
	var names []string
	for _, c := range r.Classes {
		names = append(names, c.Name)
	}
	switch {
	case len(names) == 0:
		d.report(problem(b.DefRange, "No retention class", `Declare one: class "standard" { keep = "30d" }.`))
	case len(names) > maxClasses:
		d.report(problem(b.DefRange, "Too many retention classes", "There can be %d.", maxClasses))
	case r.Default == "" && len(names) == 1:
		r.Default = names[0]
	case d.places["default"].unknown:
		r.Default = names[0]
	case r.Default == "":
		d.report(problem(b.DefRange, "No default class", "Say which class takes what no other does: default = %q.", names[len(names)-1]))
	case !slices.Contains(names, r.Default):
		d.report(problem(d.places["default"].rng, fmt.Sprintf("No retention class %q", r.Default), "This block declares %s.%s", enumerate(names), expr.DidYouMean(r.Default, names)))
	}
}

// isClassName holds a class to what every destination can have in a name.
func isClassName(s string) bool {
	for i, c := range []byte(s) {
		plain := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !plain && (i == 0 || c != '-' && c != '_') {
			return false
		}
	}
	return s != "" && len(s) <= 40
}
