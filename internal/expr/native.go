package expr

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// native returns e in HCL's native syntax. In JSON a string is the source of
// an expression, or of a template; numbers, booleans and null are themselves,
// and lists and objects are made of such.
func native(e hcl.Expression, template bool) (hclsyntax.Expression, hcl.Diagnostics) {
	if n, ok := e.(hclsyntax.Expression); ok {
		return n, nil
	}
	if !json.IsJSONExpression(e) {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Not an expression", Subject: e.Range().Ptr()}}
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		return nil, diags
	}
	rng := e.Range()
	if v.Type() == cty.String && !v.IsNull() {
		start := hcl.Pos{Line: rng.Start.Line, Column: rng.Start.Column + 1, Byte: rng.Start.Byte + 1} // behind the quote
		if template {
			return hclsyntax.ParseTemplate([]byte(v.AsString()), rng.Filename, start)
		}
		return parseWhole(v.AsString(), rng.Filename, start)
	}
	if items, diags := hcl.ExprList(e); !diags.HasErrors() {
		return nativeTuple(items, rng, template)
	}
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: rng}, nil
}

// parseWhole reads an expression, also one that is written as "${...}".
func parseWhole(src, filename string, start hcl.Pos) (hclsyntax.Expression, hcl.Diagnostics) {
	if len(src) > 3 && src[:2] == "${" && src[len(src)-1] == '}' {
		if e, diags := hclsyntax.ParseTemplate([]byte(src), filename, start); !diags.HasErrors() {
			return e, nil
		}
	}
	return hclsyntax.ParseExpression([]byte(src), filename, start)
}

func nativeTuple(items []hcl.Expression, rng hcl.Range, template bool) (hclsyntax.Expression, hcl.Diagnostics) {
	tuple := &hclsyntax.TupleConsExpr{SrcRange: rng, OpenRange: rng}
	var all hcl.Diagnostics
	for _, item := range items {
		n, diags := native(item, template)
		if all = append(all, diags...); !diags.HasErrors() {
			tuple.Exprs = append(tuple.Exprs, n)
		}
	}
	return tuple, all
}
