package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Write prints diagnostics for a person, each with the lines that it is about.
// Secrets in those lines are masked. It returns the first error of w.
func (c *Config) Write(w io.Writer, diags hcl.Diagnostics, colour bool) error {
	p := &printer{config: c, colour: colour}
	for i, d := range diags {
		if i > 0 {
			p.buf.WriteByte('\n')
		}
		p.diagnostic(d)
	}
	_, err := w.Write(p.buf.Bytes())
	return err
}

// printer lays out diagnostics.
type printer struct {
	config *Config
	colour bool
	buf    bytes.Buffer
}

const (
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	reset  = "\x1b[0m"
)

// paint is text in a colour, if there are any.
func (p *printer) paint(colour, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return colour + text + reset
}

func (p *printer) diagnostic(d *hcl.Diagnostic) {
	colour, word := red, "Error"
	if d.Severity == hcl.DiagWarning {
		colour, word = yellow, "Warning"
	}
	rule := ""
	if p.colour {
		rule = p.paint(colour, "│ ")
	}
	line := func(text string) {
		p.buf.WriteString(strings.TrimRight(rule+text, " ") + "\n")
	}
	line(p.paint(colour, word+":") + " " + p.paint(bold, d.Summary))
	if d.Subject != nil {
		line("")
		line("  on " + placeOf(d.Subject) + p.config.blockAround(d.Subject) + ":")
		for _, snippet := range p.snippet(d.Subject) {
			line(snippet)
		}
	}
	if d.Detail != "" {
		line("")
		for _, text := range wrap(d.Detail, 78) {
			line(text)
		}
	}
}

func placeOf(r *hcl.Range) string { return fmt.Sprintf("%s line %d", r.Filename, r.Start.Line) }

// maxSnippet is how many lines of a long range are shown.
const maxSnippet = 3

// snippet are the lines of a range with their numbers, and what is meant
// underlined.
func (p *printer) snippet(r *hcl.Range) []string {
	f := p.config.Files[r.Filename]
	if f == nil {
		return nil
	}
	lines := strings.Split(string(p.config.masked(r.Filename, f.Bytes)), "\n")
	var out []string
	for n := r.Start.Line; n <= max(r.End.Line, r.Start.Line) && n <= len(lines); n++ {
		if n-r.Start.Line == maxSnippet {
			out = append(out, p.paint(dim, "       ..."))
			break
		}
		text := strings.TrimSuffix(lines[n-1], "\r")
		out = append(out, p.paint(dim, fmt.Sprintf("%4d: ", n))+visible(text))
		if r.Start.Line == r.End.Line {
			if mark := underline(text, r); mark != "" {
				out = append(out, p.paint(red, "      "+mark))
			}
		}
	}
	return out
}

// underline is a line with ^^^ below the range, or "" if that is no use.
func underline(text string, r *hcl.Range) string {
	from, to := r.Start.Column-1, r.End.Column-1
	runes := []rune(text)
	if from < 0 || to <= from || to > len(runes) || to-from == len(runes) {
		return ""
	}
	var b strings.Builder
	for _, c := range runes[:from] {
		if c == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	b.WriteString(strings.Repeat("^", to-from))
	return b.String()
}

// visible shows control characters of a file instead of sending them to the
// terminal.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, text)
}

// wrap breaks text into lines of at most width characters.
func wrap(text string, width int) []string {
	var out []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > width {
				out, line = append(out, line), ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		out = append(out, line)
	}
	return out
}

// blockAround names the block that a range is in: `, in input "file" "a"`.
func (c *Config) blockAround(r *hcl.Range) string {
	f := c.Files[r.Filename]
	if f == nil {
		return ""
	}
	content, _, _ := f.Body.PartialContent(topLevel)
	for _, b := range content.Blocks {
		whole := hcl.RangeBetween(b.DefRange, bodyRange(b))
		if r.Start.Byte >= b.DefRange.End.Byte && r.Start.Byte < whole.End.Byte {
			return ", in " + title(b)
		}
	}
	return ""
}

// message is a diagnostic as JSON.
type message struct {
	Severity string    `json:"severity"`
	Summary  string    `json:"summary"`
	Detail   string    `json:"detail,omitempty"`
	Block    string    `json:"block,omitempty"`
	Range    *rangeDoc `json:"range,omitempty"`
}

type rangeDoc struct {
	File  string `json:"file"`
	Start posDoc `json:"start"`
	End   posDoc `json:"end"`
}

type posDoc struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// WriteJSON prints diagnostics for editors and programs: one JSON array.
func (c *Config) WriteJSON(w io.Writer, diags hcl.Diagnostics) error {
	all := []message{}
	for _, d := range diags {
		m := message{Severity: "error", Summary: d.Summary, Detail: d.Detail}
		if d.Severity == hcl.DiagWarning {
			m.Severity = "warning"
		}
		if r := d.Subject; r != nil {
			m.Block = strings.TrimPrefix(c.blockAround(r), ", in ")
			m.Range = &rangeDoc{r.Filename, posDoc(r.Start), posDoc(r.End)}
		}
		all = append(all, m)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(all)
}
