package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/renthub/sluice/internal/expr"
)

// problem is an error diagnostic.
func problem(rng hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &rng}
}

// warning is a warning diagnostic.
func warning(rng hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	d := problem(rng, summary, format, args...)
	d.Severity = hcl.DiagWarning
	return d
}

// evaluate computes an expression at load. The value keeps its marks.
func evaluate(e hcl.Expression, s *expr.Scope) (cty.Value, hcl.Diagnostics) {
	v, diags := e.Value(s.Context())
	if !diags.HasErrors() {
		return v, diags
	}
	return cty.DynamicVal, explainEvaluation(e, s, diags)
}

// explainEvaluation puts what hcl says about an expression into words of this
// language.
func explainEvaluation(e hcl.Expression, s *expr.Scope, diags hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	for _, d := range diags {
		switch d.Summary {
		case "Unknown variable", "Invalid reference", "Variables not allowed":
			out = append(out, unknownName(e, d))
		case "Call to unknown function":
			name := quoted(d.Detail)
			if expr.NeedsEvent(name) {
				out = append(out, problem(*d.Subject, "Not known when the config is loaded", "%s() asks about an event. This setting is read once, when the config is loaded.", name))
				continue
			}
			out = append(out, problem(*d.Subject, fmt.Sprintf("No function %q", name), "%s", expr.UnknownFunction(name, s.FunctionNames())))
		case "Unsupported attribute":
			out = append(out, unknownVariable(e, d, s))
		default:
			out = append(out, bare(d))
		}
	}
	return out
}

// bare is d without the values that hcl would print with it.
func bare(d *hcl.Diagnostic) *hcl.Diagnostic {
	c := *d
	c.Expression, c.EvalContext, c.Extra = nil, nil, nil
	return &c
}

var quotedWord = regexp.MustCompile(`"([^"]+)"`)

// quoted is the first word that a message has in quotes.
func quoted(message string) string {
	if m := quotedWord.FindStringSubmatch(message); m != nil {
		return m[1]
	}
	return ""
}

// unknownName reports a name that means nothing at load: mostly text without
// quotes, or a field of an event.
func unknownName(e hcl.Expression, d *hcl.Diagnostic) *hcl.Diagnostic {
	for _, t := range e.Variables() {
		rng := t.SourceRange()
		if d.Subject == nil || !rng.Overlaps(*d.Subject) {
			continue
		}
		switch root := t.RootName(); root {
		case "input", "output", "parser":
			return problem(rng, "A block cannot be used here", "%s names a block. This setting takes a value.", traversalText(t))
		case "vars", "locals", "variable", "env":
			use := map[string]string{"vars": "var", "variable": "var", "locals": "local"}[root]
			if use == "" {
				return problem(rng, "No such name", `Environment variables are read by a function: env("NAME").`)
			}
			return problem(rng, "No such name", "Did you mean %s.%s?", use, strings.TrimPrefix(traversalText(t), root+"."))
		}
		if len(t) > 1 {
			return problem(rng, "Not known when the config is loaded", "%s looks like a field of an event. This setting is read once, when the config is loaded. For text write it in quotes.", traversalText(t))
		}
		return problem(rng, "No such name", "Text is written in quotes: %q. Values of your own are var.NAME and local.NAME.", t.RootName())
	}
	return bare(d)
}

// unknownVariable reports var.x or local.x that nobody declared.
func unknownVariable(e hcl.Expression, d *hcl.Diagnostic, s *expr.Scope) *hcl.Diagnostic {
	for _, t := range e.Variables() {
		root := t.RootName()
		if root != "var" && root != "local" || len(t) < 2 || d.Subject == nil || !t.SourceRange().Overlaps(*d.Subject) {
			continue
		}
		attr, ok := t[1].(hcl.TraverseAttr)
		held, declared := s.Vars[root]
		if !ok || !declared || !held.Type().IsObjectType() || held.Type().HasAttribute(attr.Name) {
			continue
		}
		var known []string
		for name := range held.Type().AttributeTypes() {
			known = append(known, name)
		}
		kind := map[string]string{"var": "variable", "local": "local value"}[root]
		return problem(t.SourceRange(), fmt.Sprintf("No %s %q", kind, attr.Name), "%s",
			strings.TrimSpace(declareHint(root, attr.Name)+expr.DidYouMean(attr.Name, known)))
	}
	return bare(d)
}

func declareHint(root, name string) string {
	if root == "var" {
		return fmt.Sprintf("It is declared by a block: variable %q { default = ... }.", name)
	}
	return "It is declared in a locals block."
}

// traversalText is a traversal as it is written.
func traversalText(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			b.WriteString(step.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String {
				fmt.Fprintf(&b, "[%q]", step.Key.AsString())
			} else {
				b.WriteString("[...]")
			}
		}
	}
	return b.String()
}

// missingIn are the marks of a value that say that something was not there.
func missingIn(v cty.Value) []missing {
	_, marks := v.UnmarkDeep()
	var all []missing
	for m := range marks {
		if m, ok := m.(missing); ok {
			all = append(all, m)
		}
	}
	return all
}

// isFromFile reports whether file() had a part in a value.
func isFromFile(v cty.Value) bool {
	_, marks := v.UnmarkDeep()
	_, ok := marks[fromFile{}]
	return ok
}

// callRange is the range of the call of env or file that a missing value came
// from, as far as the expression shows it.
func callRange(e hcl.Expression) hcl.Range {
	found := e.Range()
	if n, ok := e.(hclsyntax.Expression); ok {
		_ = hclsyntax.VisitAll(n, func(n hclsyntax.Node) hcl.Diagnostics {
			if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && (call.Name == "env" || call.Name == "file") {
				found = call.Range()
			}
			return nil
		})
	}
	return found
}
