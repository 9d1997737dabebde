package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/expr"
)

// follows marks a diagnostic that may be nothing but the consequence of a
// syntax error: one inside a range, or, if that is nil, one that broke the
// structure of blocks.
type follows struct{ inside *hcl.Range }

// explainContent puts what hcl says about the items of a body into words: what
// there is, and what was probably meant.
func explainContent(diags hcl.Diagnostics, schema *hcl.BodySchema, what, prefix string, body hcl.Body) hcl.Diagnostics {
	if prefix != "" {
		what = "the " + strings.TrimSuffix(prefix, ".") + " block of " + what
	}
	meant := map[string]bool{} // what misspelt names should have been
	for _, d := range diags {
		if d.Summary == "Unsupported argument" || d.Summary == unknownInJSON {
			meant[expr.Nearest(quoted(d.Detail), namesOf(schema))] = true
		}
	}
	var out hcl.Diagnostics
	for _, d := range diags {
		switch d.Summary {
		case "Unsupported argument", unknownInJSON:
			out = append(out, unknownItem(d, "argument", schema, what))
		case "Unsupported block type":
			out = append(out, unknownItem(d, "block", schema, what))
		case "Missing required argument":
			name := quoted(d.Detail)
			if meant[name] {
				continue
			}
			missing := problem(*d.Subject, fmt.Sprintf("%q is needed", name), "%s has no argument %q, and there is no default.", capital(what), name)
			missing.Extra = follows{rangeOf(body)}
			out = append(out, missing)
		default:
			out = append(out, bare(d))
		}
	}
	return out
}

// unknownInJSON is what hcl says in JSON, where an argument and a block look
// alike.
const unknownInJSON = "Extraneous JSON object property"

// namesOf are the attributes and blocks of a schema.
func namesOf(schema *hcl.BodySchema) []string {
	var names []string
	for _, a := range schema.Attributes {
		names = append(names, a.Name)
	}
	for _, b := range schema.Blocks {
		names = append(names, b.Type)
	}
	return names
}

// unknownItem reports an argument or a block that is not taken there.
func unknownItem(d *hcl.Diagnostic, kind string, schema *hcl.BodySchema, what string) *hcl.Diagnostic {
	name := quoted(d.Detail)
	known := namesOf(schema)
	var arguments, blocks []string
	for _, a := range schema.Attributes {
		arguments = append(arguments, a.Name)
	}
	for _, b := range schema.Blocks {
		blocks = append(blocks, b.Type)
	}
	hint := expr.DidYouMean(name, known)
	switch {
	case kind == "argument" && contains(blocks, name):
		hint = fmt.Sprintf(" It is a block: %s { ... }, without an equals sign.", name)
	case kind == "block" && contains(arguments, name):
		hint = fmt.Sprintf(" It is an argument: %s = ..., with an equals sign.", name)
	case hint == "" && otherNames[name] != "" && contains(known, otherNames[name]):
		hint = fmt.Sprintf(" Did you mean %q?", otherNames[name])
	case hint == "" && len(known) > 0:
		hint = fmt.Sprintf(" It takes %s.", enumerate(known))
	}
	out := problem(*d.Subject, fmt.Sprintf("No %s %q here", kind, name), "%s does not take it.%s", capital(what), hint)
	if kind == "block" {
		out.Extra = follows{}
	}
	return out
}

// otherNames are what other tools call a setting.
var otherNames = map[string]string{
	"endpoint": "endpoints", "hosts": "endpoints", "url": "endpoints", "path": "paths", "include": "paths", "filter": "where", "when": "where",
	"condition": "where", "if": "where", "tags": "fields", "outputs": "to", "output": "to", "max_age": "keep", "ttl": "keep", "add": "set",
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
