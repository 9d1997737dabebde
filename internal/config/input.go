package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/renthub/sluice/internal/expr"
)

// commonInput is what every input takes.
type commonInput struct {
	Enabled   bool              `hcl:"enabled,optional"`
	Service   string            `hcl:"service,optional"`
	Parser    hcl.Expression    `hcl:"parser,optional"`
	Fields    map[string]string `hcl:"fields,optional"`
	Multiline *multilineBlock   `hcl:"multiline,block"`
}

type multilineBlock struct {
	Start    *regexp.Regexp `hcl:"start,optional"`
	Continue *regexp.Regexp `hcl:"continue,optional"`
	Timeout  Duration       `hcl:"timeout,optional"`
	MaxLines int            `hcl:"max_lines,optional"`
	MaxBytes Size           `hcl:"max_bytes,optional"`
}

// loadInputs reads the input blocks.
func (l *loader) loadInputs() {
	for _, b := range l.blocks["input"] {
		kind, ok := l.kindOfBlock(b, l.kinds.Inputs)
		if !ok {
			continue
		}
		common, own := &commonInput{Enabled: true}, kind.New()
		d := l.component(b, common, own)
		in := Input{
			Type: b.Labels[0], Name: b.Labels[1], Address: address(b), Enabled: common.Enabled,
			Service: common.Service, Fields: common.Fields, Config: own, Range: b.DefRange,
		}
		in.Parser = l.parserRefs(d, common.Parser)
		in.Multiline = d.multiline(common.Multiline)
		in.Hash = d.sum.sum()
		l.finish(d)
		l.config.Inputs = append(l.config.Inputs, in)
	}
}

// component decodes a block into what its family has in common and its type's
// own config, and lets the latter check itself.
func (l *loader) component(b *hcl.Block, common, own any) *decoder {
	d := l.newDecoder(b.DefRange.Filename, fmt.Sprintf("%s %q", b.Type, b.Labels[0]))
	d.sum.name(title(b))
	d.body(b.Body, "", common, own)
	l.show(d, title(b), b.Body, common, own)
	if v, ok := own.(Validator); ok {
		d.problems(v.Validate(), b.DefRange)
	}
	return d
}

// finish takes over what a decoder found.
func (l *loader) finish(d *decoder) {
	l.report(d.diags...)
	l.config.secrets = append(l.config.secrets, d.secret...)
}

// address is how a block is referred to, without its family: file.bookings.
func address(b *hcl.Block) string { return strings.Join(b.Labels, ".") }

func (d *decoder) multiline(m *multilineBlock) *Multiline {
	if m == nil {
		return nil
	}
	if m.Start == nil && m.Continue == nil {
		_, start := d.places["multiline.start"]
		_, next := d.places["multiline.continue"]
		if !start && !next {
			d.report(problem(d.places["multiline"].rng, "multiline says nothing", `It needs start, a regular expression for the first line of a record, or continue, one for the lines that follow it.`))
		}
		return nil
	}
	out := &Multiline{Timeout: time.Duration(m.Timeout), MaxLines: m.MaxLines, MaxBytes: int(m.MaxBytes)}
	if m.Start != nil {
		out.Start = m.Start.String()
	}
	if m.Continue != nil {
		out.Continue = m.Continue.String()
	}
	if m.MaxLines < 0 {
		d.report(problem(d.places["multiline.max_lines"].rng, "Wrong value for max_lines", "It cannot be negative."))
	}
	return out
}

// parserRefs reads `parser`: a built-in by its name, a block by its address,
// or a list of them.
func (l *loader) parserRefs(d *decoder, e hcl.Expression) []ParserRef {
	if e == nil {
		return []ParserRef{{Builtin: "auto"}}
	}
	d.sum.name("parser")
	items, diags := hcl.ExprList(e)
	if diags.HasErrors() {
		items = []hcl.Expression{e}
	}
	var refs []ParserRef
	for _, item := range items {
		if ref, ok := l.parserRef(d, item); ok {
			d.sum.text(ref.Builtin + " " + ref.Address)
			refs = append(refs, ref)
		}
	}
	if len(items) == 0 {
		d.report(problem(e.Range(), "No parser in the list", `For lines as they are write "raw".`))
	}
	return refs
}

func (l *loader) parserRef(d *decoder, e hcl.Expression) (ParserRef, bool) {
	name := ""
	if t, diags := hcl.AbsTraversalForExpr(e); !diags.HasErrors() && (!json.IsJSONExpression(e) || len(t) > 1) {
		if t.RootName() != "var" && t.RootName() != "local" {
			found, ok := l.reference(d, e, "parser", l.blocks["parser"])
			return ParserRef{Address: found}, ok
		}
	}
	v, diags := d.evaluate(e)
	if d.report(diags...); diags.HasErrors() {
		return ParserRef{}, false
	}
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() {
		return ParserRef{}, false
	}
	if v.Type() != cty.String || v.IsNull() {
		d.report(problem(e.Range(), "Not a parser", `A parser is a built-in one by its name, "json", or that of a block, parser.regex.gateway.`))
		return ParserRef{}, false
	}
	name = v.AsString()
	if kind, ok := l.kinds.Parsers[name]; ok && !needsSettings(kind.New()) {
		return ParserRef{Builtin: name}, true
	}
	d.report(problem(e.Range(), fmt.Sprintf("No built-in parser %q", name), "%s", l.parserHint(name)))
	return ParserRef{}, false
}

// parserHint says what was probably meant by a parser's name.
func (l *loader) parserHint(name string) string {
	plain := strings.TrimPrefix(name, "parser.")
	for _, b := range l.blocks["parser"] {
		if plain == address(b) || plain == b.Labels[1] {
			return fmt.Sprintf("A parser of a block is named without quotes: parser.%s.", address(b))
		}
	}
	if _, ok := l.kinds.Parsers[name]; ok {
		return fmt.Sprintf("%s needs settings: declare parser %q \"name\" { ... } and write parser.%s.name here.", name, name, name)
	}
	var builtin []string
	for _, k := range slices.Sorted(maps.Keys(l.kinds.Parsers)) {
		if !needsSettings(l.kinds.Parsers[k].New()) {
			builtin = append(builtin, k)
		}
	}
	return fmt.Sprintf("The built-in ones are %s.%s", enumerate(builtin), expr.DidYouMean(name, builtin))
}
