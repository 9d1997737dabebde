package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/expr"
)

// topLevel are the blocks of a config file.
var topLevel = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "input", LabelNames: []string{"type", "name"}},
	{Type: "parser", LabelNames: []string{"type", "name"}},
	{Type: "enrich", LabelNames: []string{"name"}},
	{Type: "retention"},
	{Type: "buffer"},
	{Type: "output", LabelNames: []string{"type", "name"}},
	{Type: "failover", LabelNames: []string{"name"}},
	{Type: "route", LabelNames: []string{"name"}},
	{Type: "agent"},
	{Type: "admin"},
}}

// load reads all blocks, those first that others refer to.
func (l *loader) load() {
	l.collect()
	l.checkNames()
	l.loadValues()
	l.loadAgent()
	l.loadAdmin()
	l.loadBuffer()
	l.loadRetention()
	l.loadParsers()
	l.loadInputs()
	l.loadOutputs()
	l.checkWrapping()
	l.loadEnrich()
	l.loadFailovers()
	l.loadRoutes()
	l.checkWhole()
}

// checkWhole warns of a config that cannot do anything.
func (l *loader) checkWhole() {
	for _, family := range []string{"input", "output"} {
		if len(l.blocks[family]) == 0 && len(l.files) > 0 && !l.diags.HasErrors() {
			l.report(&hcl.Diagnostic{
				Severity: hcl.DiagWarning, Summary: "The config has no " + family, Detail: "Without one no event gets anywhere.", Extra: follows{},
			})
		}
	}
}

// collect sorts the top-level blocks of all files by type.
func (l *loader) collect() {
	l.blocks = map[string][]*hcl.Block{}
	for _, f := range l.files {
		content, diags := f.Body.Content(topLevel)
		l.report(explainTopLevel(diags)...)
		for _, b := range content.Blocks {
			l.blocks[b.Type] = append(l.blocks[b.Type], b)
		}
	}
}

// explainTopLevel puts what hcl says about blocks into words.
func explainTopLevel(diags hcl.Diagnostics) hcl.Diagnostics {
	var known []string
	for _, b := range topLevel.Blocks {
		known = append(known, b.Type)
	}
	var out hcl.Diagnostics
	for _, d := range diags {
		name := quoted(d.Detail)
		switch d.Summary {
		case "Unsupported block type", unknownInJSON:
			hint := expr.DidYouMean(name, known)
			if near, ok := blockNames[name]; ok && hint == "" {
				hint = fmt.Sprintf(" Did you mean %q?", near)
			}
			out = append(out, problem(*d.Subject, fmt.Sprintf("No block type %q", name), "A config has the blocks %s.%s", enumerate(known), hint))
		case "Unsupported argument":
			out = append(out, problem(*d.Subject, fmt.Sprintf("No argument %q here", name), "At the top of a file there are only blocks. Values of your own are declared in locals { ... }."))
		default:
			out = append(out, explainLabels(d))
		}
	}
	return out
}

// blockNames are what other tools call a block.
var blockNames = map[string]string{
	"source": "input", "sources": "input", "sink": "output", "sinks": "output", "transform": "enrich", "filter": "enrich",
	"processor": "enrich", "inputs": "input", "outputs": "output", "let": "locals", "routes": "route", "service": "agent", "global": "agent",
}

// explainLabels says what the labels of a block are for.
func explainLabels(d *hcl.Diagnostic) *hcl.Diagnostic {
	out := bare(d)
	for _, b := range topLevel.Blocks {
		if out.Context == nil || len(d.Summary) < len(b.Type) || d.Summary[len(d.Summary)-len(b.Type):] != b.Type {
			continue
		}
		example := b.Type
		for _, label := range b.LabelNames {
			example += map[string]string{"type": ` "file"`, "name": ` "bookings"`}[label]
		}
		if b.Type == "output" {
			example = `output "elasticsearch" "main"`
		}
		out.Detail = fmt.Sprintf("Such a block begins: %s {", example)
	}
	return out
}

// checkNames reports blocks that have the same name, and second blocks of a
// type that there is one of.
func (l *loader) checkNames() {
	for _, t := range topLevel.Blocks {
		first := map[string]*hcl.Block{}
		for _, b := range l.blocks[t.Type] {
			name := title(b)
			switch before, again := first[name]; {
			case t.Type == "locals":
			case !again:
				first[name] = b
			case len(t.LabelNames) == 0:
				l.report(problem(b.DefRange, "A second "+name+" block", "There can be one. The first is at %s.", position(before.DefRange)))
			default:
				l.report(problem(b.DefRange, "A second "+name, "Names are unique. The first is at %s.", position(before.DefRange)))
			}
		}
	}
}

// title is how a block begins: input "file" "bookings".
func title(b *hcl.Block) string {
	text := b.Type
	for _, label := range b.Labels {
		text += fmt.Sprintf(" %q", label)
	}
	return text
}

// only returns the one block of a type, or nil.
func (l *loader) only(blockType string) *hcl.Block {
	if all := l.blocks[blockType]; len(all) > 0 {
		return all[0]
	}
	return nil
}

// kindOfBlock finds the component type that a block names.
func (l *loader) kindOfBlock(b *hcl.Block, kinds map[string]Kind) (Kind, bool) {
	kind, ok := kinds[b.Labels[0]]
	if !ok {
		known := slices.Sorted(maps.Keys(kinds))
		hint := expr.DidYouMean(b.Labels[0], known)
		if near, ok := typeNames[b.Labels[0]]; ok && hint == "" && contains(known, near) {
			hint = fmt.Sprintf(" Did you mean %q?", near)
		}
		l.report(problem(b.LabelRanges[0], fmt.Sprintf("No %s type %q", b.Type, b.Labels[0]), "The types are %s.%s", enumerate(known), hint))
	}
	l.checkLabel(b)
	return kind, ok
}

// typeNames are what other tools call a type.
var typeNames = map[string]string{
	"opensearch": "elasticsearch", "elastic": "elasticsearch", "es": "elasticsearch", "elk": "elasticsearch", "stdout": "console", "splunk_hec": "splunk",
	"hec": "splunk", "tail": "file", "files": "file", "stdin": "stdout", "exec": "stdout", "command": "stdout", "grok": "pattern", "aws_cloudwatch": "cloudwatch",
}

// checkLabel holds a block's name to what a reference can spell.
func (l *loader) checkLabel(b *hcl.Block) {
	name := b.Labels[len(b.Labels)-1]
	if !isName(name) {
		l.report(problem(b.LabelRanges[len(b.Labels)-1], fmt.Sprintf("%q is no name", name), "A name is of letters, digits, _ and -, and begins with a letter, so that others can refer to it."))
	}
}

func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 100
}
