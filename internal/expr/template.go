package expr

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
)

// Template is text with event fields in it: "rh_${retention.class}". It is
// immutable and safe for concurrent use. The zero value is the empty text.
type Template struct {
	parts  []part
	fields []string
	canon  string
	vague  bool // a part is not known
}

// part is a literal, or a value of the event.
type part struct {
	literal []byte
	eval    func(r event.Record, s *scratch) value // nil for a literal
}

// Literal returns a template without fields.
func Literal(text string) *Template {
	t := &Template{}
	t.add(constantNode(textValue([]byte(text)), hcl.Range{}))
	return t
}

// CompileTemplate compiles a string with ${...} in it, or another expression
// whose value is then text.
func CompileTemplate(e hcl.Expression, s *Scope) (*Template, hcl.Diagnostics) {
	c := &compiler{scope: s}
	t := &Template{}
	src, diags := native(e, true)
	if c.diags = append(c.diags, diags...); diags.HasErrors() {
		return t, c.diags
	}
	parts := []hclsyntax.Expression{src}
	if composed, ok := src.(*hclsyntax.TemplateExpr); ok {
		parts = composed.Parts
	}
	for _, p := range parts {
		n := c.node(p)
		if n.typ == list || n.typ == raw {
			c.fail(n.rng, "Not text", "This is %s, and a text has no place for it.", n.typ)
		}
		t.add(n)
	}
	t.fields = c.fields
	return t, c.diags
}

// add appends a node, joined to the literal before it if it is one too.
func (t *Template) add(n *node) {
	t.vague = t.vague || n.unknown
	if n.constant == nil {
		t.parts = append(t.parts, part{eval: n.evaluator()})
		t.canon += "${" + n.canon + "}"
		return
	}
	last := len(t.parts) - 1
	if last < 0 || t.parts[last].eval != nil {
		t.parts = append(t.parts, part{})
		last++
	}
	literal := n.constant.appendText(nil)
	t.parts[last].literal = append(t.parts[last].literal, literal...)
	t.canon += strings.ReplaceAll(string(literal), "${", "$${")
}

// Constant returns the text if it is the same for all events.
func (t *Template) Constant() (text string, ok bool) {
	switch {
	case t == nil || len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].eval == nil:
		return string(t.parts[0].literal), true
	}
	return "", false
}

// Render appends the text for r. A missing field is nothing.
func (t *Template) Render(dst []byte, r event.Record) []byte {
	return t.RenderParts(dst, r, appendPart)
}

func appendPart(dst, value []byte) []byte { return append(dst, value...) }

// RenderParts is Render with a say over what comes from the event: each such
// value, empty if it is missing, is appended by f. Names of indices, topics
// and paths are made so, with [Confine].
func (t *Template) RenderParts(dst []byte, r event.Record, f func(dst, value []byte) []byte) []byte {
	if t == nil {
		return dst
	}
	var s *scratch
	for i := range t.parts {
		p := &t.parts[i]
		if p.eval == nil {
			dst = append(dst, p.literal...)
			continue
		}
		if s == nil {
			s = getScratch()
		}
		dst = f(dst, p.eval(r, s).asText(s))
	}
	if s != nil {
		putScratch(s)
	}
	return dst
}

// asText is v as a template writes it.
func (v value) asText(s *scratch) []byte {
	if v.kind == boolean || v.kind == list {
		return s.made(v.appendText).bytes
	}
	return v.bytes
}

// Fields are the paths of the fields that the template reads.
func (t *Template) Fields() []string {
	if t == nil {
		return nil
	}
	return slices.Clone(t.fields)
}

// Reads reports whether the template reads the field, which is named as in
// [Path].
func (t *Template) Reads(path string) bool { return t != nil && slices.Contains(t.fields, path) }

// Known is false if a part depends on what was not read, as by `validate`.
func (t *Template) Known() bool { return t == nil || !t.vague }

// String is the template in one canonical form, for hashes and messages.
func (t *Template) String() string {
	if t == nil {
		return ""
	}
	return t.canon
}

// template compiles a string with ${...} in it as a value of an expression.
func (c *compiler) template(e *hclsyntax.TemplateExpr) *node {
	t, parts := &Template{}, make([]*node, len(e.Parts))
	for i, p := range e.Parts {
		parts[i] = c.node(p)
		t.add(parts[i])
	}
	n := &node{rng: e.SrcRange, typ: text, canon: canonCall("text", parts...)}
	n.eval = func(r event.Record, s *scratch) value {
		return s.made(func(dst []byte) []byte { return t.Render(dst, r) })
	}
	return fold(n, parts...)
}

// tuple compiles a list with event fields in it.
func (c *compiler) tuple(e *hclsyntax.TupleConsExpr) *node {
	items, evals := make([]*node, len(e.Exprs)), make([]func(event.Record, *scratch) value, len(e.Exprs))
	for i, x := range e.Exprs {
		items[i] = c.node(x)
		evals[i] = items[i].evaluator()
	}
	n := &node{rng: e.SrcRange, typ: list, canon: canonCall("list", items...)}
	n.eval = func(r event.Record, s *scratch) value {
		start := len(s.items)
		s.items = append(s.items, make([]value, len(evals))...) // room first: the items may need some of their own
		for i, eval := range evals {
			v := eval(r, s)
			s.items[start+i] = v
		}
		return value{kind: list, items: s.items[start : start+len(evals) : start+len(evals)]}
	}
	return fold(n, items...)
}
