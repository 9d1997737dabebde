package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// explainSyntax adds what this language has instead to what hcl says about
// the usual mistakes. Of several messages about one mistake the first stays.
func explainSyntax(diags hcl.Diagnostics, s Source) hcl.Diagnostics {
	var out hcl.Diagnostics
	hinted := map[string]int{} // the line of the last message with that hint
	for _, d := range diags {
		c := bare(d)
		summary, hint := syntaxHint(d, s.Text)
		if hint != "" && d.Subject != nil {
			if hinted[hint] == d.Subject.Start.Line {
				continue
			}
			hinted[hint] = d.Subject.Start.Line
			c.Detail, c.Extra = hint, local{}
		}
		if summary != "" {
			c.Summary = summary
		}
		out = append(out, c)
	}
	return out
}

// local marks a syntax error that is confined to one value: the blocks around
// it were read.
type local struct{}

func isLocal(d *hcl.Diagnostic) bool {
	_, ok := d.Extra.(local)
	return ok
}

// syntaxHint is what a mistake is, and what to write instead, or "".
func syntaxHint(d *hcl.Diagnostic, src []byte) (summary, hint string) {
	here := at(src, d.Subject)
	word, _, _ := strings.Cut(here, " ")
	switch {
	case d.Summary == "Invalid escape sequence":
		return "", "A backslash means something else in quotes. Write a regular expression as a heredoc, where backslashes are themselves: pattern = <<-RE, the expression on lines of its own, RE."
	case strings.HasPrefix(d.Summary, "Invalid template") && strings.Contains(lineAt(src, d.Subject), "%{"):
		return "Not a template", `%{ begins a directive, %{ if ... }, and grok patterns are not known. Use parser "pattern" with <name> for each part, or parser "regex" with named groups, (?P<name>...).`
	case strings.HasPrefix(here, "'"):
		return "Single quotes", "Text is written in double quotes."
	case strings.HasPrefix(here, "=~"), strings.HasPrefix(here, "!~"), strings.HasPrefix(here, "~") && d.Summary != "Invalid expression":
		return "No such operator", `There is no operator =~. Write match(field, "regular expression").`
	case word == "in":
		return "No such operator", "There is no operator in. Write contains(list, field)."
	case word == "and", word == "or", word == "not":
		return "No such operator", "The operators are &&, || and !."
	}
	return "", ""
}

// lineAt is the line of src where a range begins, without its comment.
func lineAt(src []byte, r *hcl.Range) string {
	if r == nil || r.Start.Byte > len(src) {
		return ""
	}
	start := strings.LastIndexByte(string(src[:r.Start.Byte]), '\n') + 1
	line, _, _ := strings.Cut(string(src[start:]), "\n")
	return line
}

// at is src from where a range begins.
func at(src []byte, r *hcl.Range) string {
	if r == nil || r.Start.Byte > len(src) {
		return ""
	}
	return string(src[r.Start.Byte:])
}
