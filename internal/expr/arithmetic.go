package expr

import (
	"math"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
)

// arithmetic compiles + - * / %.
func (c *compiler) arithmetic(e *hclsyntax.BinaryOpExpr, a, b *node) *node {
	name, ok := operatorNames[e.Op]
	if !ok {
		return c.unsupported(e)
	}
	return c.compute(e.SrcRange, name, a, b)
}

// compute is a node of the named operation on two numbers. Where a side is no
// number it yields nothing.
func (c *compiler) compute(rng hcl.Range, name string, a, b *node) *node {
	for _, n := range []*node{a, b} {
		if n.unknown || n.typ == number || n.typ == null && n.constant == nil {
			continue
		}
		if n.constant != nil && n.typ == text {
			if _, ok := readNumber(n.constant.bytes); ok {
				continue
			}
		}
		c.fail(n.rng, "Not a number", "Arithmetic needs numbers. This is %s.", n.typ)
	}
	f, x, y := arithmeticOf(name), a.evaluator(), b.evaluator()
	n := &node{rng: rng, typ: number, canon: canonCall(name, a, b)}
	n.eval = func(r event.Record, s *scratch) value {
		p, okP := numberOf(x(r, s))
		q, okQ := numberOf(y(r, s))
		if !okP || !okQ {
			return nothing
		}
		return finite(f(p, q), s)
	}
	return fold(n, a, b)
}

func arithmeticOf(name string) func(a, b float64) float64 {
	switch name {
	case "add":
		return func(a, b float64) float64 { return a + b }
	case "sub":
		return func(a, b float64) float64 { return a - b }
	case "mul":
		return func(a, b float64) float64 { return a * b }
	case "div":
		return func(a, b float64) float64 { return a / b }
	}
	return math.Mod
}

// numberOf is the number that v is or reads as.
func numberOf(v value) (float64, bool) {
	if !v.isTextual() {
		return 0, false
	}
	n, ok := readNumber(v.bytes)
	return n.f, ok
}

// finite is f as a value, or nothing if it is no number (1 / 0).
func finite(f float64, s *scratch) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nothing
	}
	return floatValue(f, s)
}
