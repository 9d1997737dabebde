package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
)

var operatorNames = map[*hclsyntax.Operation]string{
	hclsyntax.OpLogicalOr: "or", hclsyntax.OpLogicalAnd: "and", hclsyntax.OpEqual: "eq", hclsyntax.OpNotEqual: "ne",
	hclsyntax.OpGreaterThan: "gt", hclsyntax.OpGreaterThanOrEqual: "ge", hclsyntax.OpLessThan: "lt", hclsyntax.OpLessThanOrEqual: "le",
	hclsyntax.OpAdd: "add", hclsyntax.OpSubtract: "sub", hclsyntax.OpMultiply: "mul", hclsyntax.OpDivide: "div", hclsyntax.OpModulo: "mod",
}

// binary compiles an operator with two sides.
func (c *compiler) binary(e *hclsyntax.BinaryOpExpr) *node {
	a, b := c.node(e.LHS), c.node(e.RHS)
	n := &node{rng: e.SrcRange, typ: boolean, canon: canonCall(operatorNames[e.Op], a, b)}
	switch e.Op {
	case hclsyntax.OpLogicalAnd:
		x, y := c.condition(a), c.condition(b)
		n.cond = func(r event.Record) bool { return x(r) && y(r) }
	case hclsyntax.OpLogicalOr:
		x, y := c.condition(a), c.condition(b)
		n.cond = func(r event.Record) bool { return x(r) || y(r) }
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		c.checkEquality(a, b)
		n.cond = equality(a, b)
		if e.Op == hclsyntax.OpNotEqual {
			n.cond = not(n.cond)
		}
	case hclsyntax.OpLessThan, hclsyntax.OpLessThanOrEqual, hclsyntax.OpGreaterThan, hclsyntax.OpGreaterThanOrEqual:
		c.checkOrder(a, b)
		n.cond = ordering(a, b, e.Op)
	default:
		if e.Op == hclsyntax.OpDivide && a.field != "" && b.field != "" {
			return c.slashedKey(e, a.field, b.field)
		}
		return c.arithmetic(e, a, b)
	}
	return fold(n, a, b)
}

func not(x Condition) Condition { return func(r event.Record) bool { return !x(r) } }

// slashedKey reports labels.app.kubernetes.io/name, which reads as a division
// and is meant as a key.
func (c *compiler) slashedKey(e *hclsyntax.BinaryOpExpr, left, right string) *node {
	root, rest, _ := strings.Cut(left, ".")
	key := rest + "/" + right
	switch second, after, ok := strings.Cut(rest, "."); {
	case root == "kubernetes" && ok && (second == "labels" || second == "annotations"):
		root, key = root+"."+second, after+"/"+right
	case rest == "":
		root, key = "labels", left+"/"+right
	}
	return c.fail(e.SrcRange, "Division of two fields", "A slash divides. Did you mean %s[%q]?", root, key)
}

// unary compiles ! and -.
func (c *compiler) unary(e *hclsyntax.UnaryOpExpr) *node {
	a := c.node(e.Val)
	if e.Op == hclsyntax.OpLogicalNot {
		return fold(&node{rng: e.SrcRange, typ: boolean, canon: canonCall("not", a), cond: not(c.condition(a))}, a)
	}
	zero := constantNode(numberText([]byte("0")), e.SrcRange)
	return c.compute(e.SrcRange, "sub", zero, a)
}

// conditional compiles test ? yes : no.
func (c *compiler) conditional(e *hclsyntax.ConditionalExpr) *node {
	test, yes, no := c.node(e.Condition), c.node(e.TrueResult), c.node(e.FalseResult)
	cond := c.condition(test)
	n := &node{rng: e.SrcRange, canon: canonCall("if", test, yes, no)}
	if yes.typ == no.typ {
		n.typ = yes.typ
	}
	x, y := yes.evaluator(), no.evaluator()
	n.eval = func(r event.Record, s *scratch) value {
		if cond(r) {
			return x(r, s)
		}
		return y(r, s)
	}
	return fold(n, test, yes, no)
}

// checkEquality reports comparisons that can never hold.
func (c *compiler) checkEquality(a, b *node) {
	if a.constant != nil {
		a, b = b, a
	}
	if (a.constant != nil || b.constant == nil) && a.typ != list && b.typ != list {
		return
	}
	if b.typ == list || b.typ == raw || a.typ == list {
		c.fail(b.rng, "A list cannot be compared", "Use contains(list, value).")
		return
	}
	if a.field == "labels.retention" && b.typ == text && c.scope.Classes != nil {
		c.checkClass(b.rng, string(b.constant.bytes))
	}
}

func (c *compiler) checkClass(rng hcl.Range, name string) {
	if !slices.Contains(c.scope.Classes, name) {
		c.fail(rng, fmt.Sprintf("No retention class %q", name), "The retention block declares %s.%s", enumerate(c.scope.Classes), DidYouMean(name, c.scope.Classes))
	}
}

// enumerate writes names as a sentence does.
func enumerate(names []string) string {
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// checkOrder reports orders between values that have none.
func (c *compiler) checkOrder(a, b *node) {
	for _, n := range []*node{a, b} {
		switch {
		case n.unknown:
		case n.typ == boolean, n.typ == list, n.typ == raw, n.constant != nil && n.typ == null:
			c.fail(n.rng, "No order", "Only numbers and text can be compared by order. This is %s.", n.typ)
		case n.field == "log.level":
			c.warn(n.rng, "Levels are compared as text", `The order of text is not that of levels. Use level_at_least("warn").`)
		}
	}
}
