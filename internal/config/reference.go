package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/expr"
)

// references reads a list of references to blocks of one family, or one alone.
func (l *loader) references(d *decoder, e hcl.Expression, family string) []string {
	items, diags := hcl.ExprList(e)
	if diags.HasErrors() {
		items = []hcl.Expression{e}
	}
	var found []string
	for _, item := range items {
		if address, ok := l.reference(d, item, family, l.blocks[family]); ok {
			d.sum.text(address)
			found = append(found, address)
		}
	}
	return found
}

// reference reads output.elasticsearch.main and returns elasticsearch.main.
func (l *loader) reference(d *decoder, e hcl.Expression, family string, blocks []*hcl.Block) (address string, ok bool) {
	t, diags := hcl.AbsTraversalForExpr(e)
	if diags.HasErrors() {
		d.report(problem(e.Range(), "Not a reference", "%s", l.referenceHint(d, e, family, blocks)))
		return "", false
	}
	text := traversalText(t)
	rest, isFamily := strings.CutPrefix(text, family+".")
	for _, b := range blocks {
		if isFamily && rest == strings.Join(b.Labels, ".") {
			return rest, true
		}
	}
	undeclared := problem(e.Range(), fmt.Sprintf("No %s %q", family, rest), "%s", suggestReference(text, rest, family, blocks))
	undeclared.Extra = follows{}
	d.report(undeclared)
	return "", false
}

// referenceHint says how a reference is written, with what stands there.
func (l *loader) referenceHint(d *decoder, e hcl.Expression, family string, blocks []*hcl.Block) string {
	v, diags := e.Value(d.scope.Context())
	if v, _ = v.UnmarkDeep(); !diags.HasErrors() && v.IsWhollyKnown() && !v.IsNull() && v.Type().FriendlyName() == "string" {
		name := strings.TrimPrefix(v.AsString(), family+".")
		for _, b := range blocks {
			if name == address(b) || name == b.Labels[len(b.Labels)-1] {
				return fmt.Sprintf("A block is named without quotes: %s.%s.", family, address(b))
			}
		}
	}
	return fmt.Sprintf("A block is named by its type and name, without quotes: %s.", exampleOf(family, blocks))
}

// suggestReference says which block was probably meant.
func suggestReference(text, rest, family string, blocks []*hcl.Block) string {
	var known []string
	for _, b := range blocks {
		known = append(known, family+"."+address(b))
		if rest == b.Labels[len(b.Labels)-1] || text == address(b) {
			return fmt.Sprintf("Did you mean %s.%s?", family, address(b))
		}
	}
	if near := expr.Nearest(text, known); near != "" {
		return fmt.Sprintf("Did you mean %s?", near)
	}
	if len(known) == 0 {
		return fmt.Sprintf("The config has no %s block.", family)
	}
	return fmt.Sprintf("The config has %s.", enumerate(known))
}

func exampleOf(family string, blocks []*hcl.Block) string {
	if len(blocks) > 0 {
		return family + "." + address(blocks[0])
	}
	return family + ".type.name"
}
