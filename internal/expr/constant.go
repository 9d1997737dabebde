package expr

import (
	"math/big"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// knownAtLoad reports whether e reads nothing of the event.
func (c *compiler) knownAtLoad(e hclsyntax.Expression) bool {
	w := &loadWalker{scope: c.scope, known: true}
	hclsyntax.Walk(e, w)
	for _, v := range e.Variables() { // leaves out the names that a for expression binds
		if !c.scope.isLoadName(v.RootName()) {
			return false
		}
	}
	return w.known
}

type loadWalker struct {
	scope *Scope
	known bool
}

func (w *loadWalker) Enter(n hclsyntax.Node) hcl.Diagnostics {
	if call, ok := n.(*hclsyntax.FunctionCallExpr); ok {
		_, general := loadFunctions[call.Name]
		_, own := w.scope.Functions[call.Name]
		w.known = w.known && (general || own)
	}
	return nil
}

func (w *loadWalker) Exit(hclsyntax.Node) hcl.Diagnostics { return nil }

// evaluate computes e at load.
func (c *compiler) evaluate(e hclsyntax.Expression) *node {
	compute := c.scope.Evaluate
	if compute == nil {
		compute = func(e hcl.Expression) (cty.Value, hcl.Diagnostics) { return e.Value(c.scope.Context()) }
	}
	v, diags := compute(e)
	c.diags = append(c.diags, diags...)
	if diags.HasErrors() {
		return c.bad(e.Range())
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return &node{rng: e.Range(), unknown: true, canon: "?"}
	}
	return constantNode(fromCty(v), e.Range())
}

// fromCty returns a known value without marks.
func fromCty(v cty.Value) value {
	t := v.Type()
	switch {
	case v.IsNull():
		return nothing
	case t == cty.String:
		return textValue([]byte(v.AsString()))
	case t == cty.Bool:
		return boolValue(v.True())
	case t == cty.Number:
		return numberText(numberJSON(v.AsBigFloat()))
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		items := []value{}
		for _, item := range v.AsValueSlice() {
			items = append(items, fromCty(item))
		}
		return value{kind: list, items: items}
	}
	src, err := ctyjson.Marshal(v, t)
	if err != nil {
		return nothing
	}
	return value{kind: raw, bytes: src}
}

// numberJSON writes whole numbers whole.
func numberJSON(f *big.Float) []byte {
	if f.IsInt() && f.MantExp(nil) < 128 {
		return f.Append(nil, 'f', 0)
	}
	return f.Append(nil, 'g', 17)
}

// toCty is the reverse, for functions that are called at load.
func toCty(v value) cty.Value {
	switch v.kind {
	case text:
		return cty.StringVal(string(v.bytes))
	case number:
		n, err := cty.ParseNumberVal(string(v.bytes))
		if err != nil {
			return cty.NullVal(cty.Number)
		}
		return n
	case boolean:
		return cty.BoolVal(v.b)
	case list:
		items := make([]cty.Value, len(v.items))
		for i, item := range v.items {
			items[i] = toCty(item)
		}
		return cty.TupleVal(items)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}
