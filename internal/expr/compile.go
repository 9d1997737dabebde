package expr

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
)

// Condition reports whether it holds for a record. It is safe for concurrent
// use.
type Condition func(r event.Record) bool

// CompileCondition compiles the expression of a `where`.
func CompileCondition(e hcl.Expression, s *Scope) (Condition, hcl.Diagnostics) {
	cond, _, diags := CompileCanonical(e, s)
	return cond, diags
}

// CompileCanonical is CompileCondition, and the condition in one canonical
// form: with what var, local and env() stood for, and without white space. Two
// conditions of the same form are the same.
func CompileCanonical(e hcl.Expression, s *Scope) (Condition, string, hcl.Diagnostics) {
	c := &compiler{scope: s}
	n := c.root(e, false)
	cond := c.condition(n)
	return cond, n.canon, c.diags
}

// compiler turns one expression into a node. It collects what is wrong with
// it and goes on, so that all is reported at once.
type compiler struct {
	scope  *Scope
	diags  hcl.Diagnostics
	fields []string // paths of the fields that it reads
}

// node is a compiled expression. Exactly one of constant, field, cond and eval
// says what it is, or unknown.
type node struct {
	rng   hcl.Range
	canon string // the expression in one canonical form, constants resolved
	typ   kind   // of its values; null where that depends on the event
	// unknown says that the value is not known: it depends on what `validate`
	// does not read, or was in error. Nothing more is checked about it.
	unknown  bool
	constant *value
	field    string // the path of a field and nothing else
	cond     Condition
	eval     func(r event.Record, s *scratch) value
}

// root compiles an attribute's whole expression. In JSON, text is what a
// string means: the source of a template, or of an expression.
func (c *compiler) root(e hcl.Expression, template bool) *node {
	native, diags := native(e, template)
	c.diags = append(c.diags, diags...)
	if diags.HasErrors() {
		return c.bad(e.Range())
	}
	return c.node(native)
}

// node compiles e.
func (c *compiler) node(e hclsyntax.Expression) *node {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return c.node(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return c.node(e.Wrapped)
	case *hclsyntax.BinaryOpExpr:
		return c.binary(e)
	case *hclsyntax.UnaryOpExpr:
		return c.unary(e)
	case *hclsyntax.ConditionalExpr:
		return c.conditional(e)
	}
	if c.knownAtLoad(e) {
		return c.evaluate(e)
	}
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return c.fieldNode(e.Traversal, e.SrcRange)
	case *hclsyntax.IndexExpr:
		return c.index(e)
	case *hclsyntax.RelativeTraversalExpr:
		return c.relative(e)
	case *hclsyntax.FunctionCallExpr:
		return c.call(e)
	case *hclsyntax.TemplateExpr:
		return c.template(e)
	case *hclsyntax.TupleConsExpr:
		return c.tuple(e)
	}
	return c.unsupported(e)
}

// bad is the node of an expression that was reported.
func (c *compiler) bad(rng hcl.Range) *node { return &node{rng: rng, unknown: true, canon: "?"} }

// fail reports an error at rng and returns the node to go on with.
func (c *compiler) fail(rng hcl.Range, summary, format string, args ...any) *node {
	c.diags = append(c.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &rng,
	})
	return c.bad(rng)
}

// warn reports what is likely a mistake.
func (c *compiler) warn(rng hcl.Range, summary, detail string) {
	c.diags = append(c.diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: detail, Subject: &rng})
}

// unsupported reports an expression that cannot be computed for an event.
func (c *compiler) unsupported(e hclsyntax.Expression) *node {
	what := "This kind of expression"
	switch e := e.(type) {
	case *hclsyntax.ForExpr:
		what = "A for expression"
	case *hclsyntax.SplatExpr:
		what = "A splat ([*])"
	case *hclsyntax.ObjectConsExpr:
		what = "An object"
	case *hclsyntax.TemplateJoinExpr:
		what = "A template's for"
	case *hclsyntax.AnonSymbolExpr, *hclsyntax.ExprSyntaxError:
		return c.bad(e.Range())
	}
	return c.fail(e.Range(), "Not possible on an event", "%s works on values that are known when the config is loaded, and not on an event's fields.", what)
}

// condition makes a Condition of a node.
func (c *compiler) condition(n *node) Condition {
	switch {
	case n.unknown:
		return never
	case n.constant != nil:
		if n.typ != boolean && n.typ != null {
			c.notCondition(n)
		}
		if n.constant.truth() {
			return always
		}
		return never
	case n.cond != nil:
		return n.cond
	case n.typ != boolean && n.typ != null:
		c.notCondition(n)
		return never
	}
	return predicate(n, value.truth)
}

func (c *compiler) notCondition(n *node) {
	if n.constant != nil && n.typ == text && strings.ContainsAny(string(n.constant.bytes), "=<>(&|!") {
		c.fail(n.rng, "Not a condition", "A condition is written without quotes: %s", n.constant.bytes)
		return
	}
	c.fail(n.rng, "Not a condition", "A condition is true or false, as a comparison is. This is %s.", n.typ)
}

func always(event.Record) bool { return true }
func never(event.Record) bool  { return false }

// String names a kind in messages.
func (k kind) String() string {
	return [...]string{"nothing", "text", "a number", "true or false", "a list", "an object"}[k]
}

// evaluator returns n as a function of the record.
func (n *node) evaluator() func(r event.Record, s *scratch) value {
	switch {
	case n.constant != nil:
		v := *n.constant
		return func(event.Record, *scratch) value { return v }
	case n.field != "":
		path := n.field
		return func(r event.Record, s *scratch) value { return load(r.Lookup(path), s) }
	case n.cond != nil:
		cond := n.cond
		return func(r event.Record, _ *scratch) value { return boolValue(cond(r)) }
	case n.eval != nil:
		return n.eval
	}
	return func(event.Record, *scratch) value { return nothing }
}

// predicate is the condition that f holds for a node's value. For a field as
// it stands in the record no scratch is needed.
func predicate(n *node, f func(value) bool) Condition {
	eval := n.evaluator()
	slow := func(r event.Record) bool {
		s := getScratch()
		ok := f(eval(r, s))
		putScratch(s)
		return ok
	}
	if n.field == "" {
		return slow
	}
	path := n.field
	return func(r event.Record) bool {
		v, ok := plain(r.Lookup(path))
		if !ok {
			return slow(r)
		}
		return f(v)
	}
}

// predicate2 is the condition that f holds for two nodes' values.
func predicate2(a, b *node, f func(a, b value) bool) Condition {
	left, right := a.evaluator(), b.evaluator()
	return func(r event.Record) bool {
		s := getScratch()
		x := left(r, s)
		ok := f(x, right(r, s))
		putScratch(s)
		return ok
	}
}

// fold computes n now if all of its operands are constants.
func fold(n *node, operands ...*node) *node {
	for _, o := range operands {
		if o.unknown {
			n.unknown, n.cond, n.eval = true, nil, nil
		}
	}
	if n.unknown {
		return n
	}
	for _, o := range operands {
		if o.constant == nil {
			return n
		}
	}
	v := n.evaluator()(nil, &scratch{})
	return constantNode(v, n.rng)
}

func constantNode(v value, rng hcl.Range) *node {
	return &node{rng: rng, constant: &v, typ: v.kind, canon: string(v.appendJSON(nil))}
}

// canonCall is the canonical form of an operation on nodes.
func canonCall(name string, args ...*node) string {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = a.canon
	}
	return name + "(" + strings.Join(texts, ",") + ")"
}
