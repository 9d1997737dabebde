package docgen

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"reflect"
	"strings"
)

// block is a block of the config and the struct of internal/config that it is
// decoded into.
type block struct {
	title, strct, about string
	settings            []described
}

// described is a setting as a person needs it explained.
type described struct{ name, kind, dflt, text string }

// blocks are what every config can have. The structs say which settings there
// are; a page is only made if these are all of them.
var blocks = []block{
	{"agent", "agentBlock", "What concerns the process.", []described{
		{"log_level", "text", `"info"`, `"debug", "info", "warn" or "error"; SLUICE_LOG_LEVEL wins. Of the agent's own log, on standard error.`},
		{"log_format", "text", `"auto"`, `"text", "json", or "auto": text on a terminal.`},
		{"shutdown_timeout", "duration", `"25s"`, "How long outputs get, after a stop, to take what waits. What they do not take stays in the buffer."},
	}},
	{"admin", "adminBlock", "The HTTP address for status, health and metrics.", []described{
		{"enabled", "true or false", "true", "Whether there is one."},
		{"listen", "text", `"127.0.0.1:7080"`, "host:port. If the default's port is in use a free one is taken; the data folder says which."},
		{"token", "secret", "", "Needed on an address that is not loopback; commands take it from the config or SLUICE_ADMIN_TOKEN."},
	}},
	{"buffer", "bufferBlock", "The disk log between inputs and outputs.", []described{
		{"path", "text", `".sluice/buffer"`, "Its folder. Dead letters and the admin address are kept beside it."},
		{"max_size", "size", "", "All it may take. By default the smaller of 8 GiB and 10 % of the file system."},
		{"min_free", "percentage", `"15%"`, "What is left free of the file system."},
		{"history", "duration", "", `How long delivered data stays, for search and replay, "24h".`},
		{"history_size", "size", "", "How much delivered data stays."},
		{"durability", "text", `"group"`, `"strict" syncs each append, "group" at 1 MiB or after 50 ms to 1 s, "relaxed" after 1 s or 4 MiB.`},
		{"dead_letters", "size", `"256MiB"`, `How much the log of dead letters may hold; "0B" keeps none.`},
		{"wrapping", "reference", "", "The output, output.elasticsearch.main, that stored blocks are made ready for: its requests take no second compression. By default the first of a type that they can be made ready for."},
	}},
	{"input", "commonInput", "What every input takes, beside its own settings.", []described{
		{"enabled", "true or false", "true", "A block that is not enabled is checked all the same."},
		{"service", "text", "", "service.name of its events, where the lines have none."},
		{"parser", "text, reference, or a list", `"auto"`, `A built-in by its name, parser.regex.gateway for a block, or a list: the first that matches.`},
		{"fields", "object of text", "", "Fields that all its events get."},
		{"multiline", "block", "", "Which lines are one record; by default as the parser has it."},
	}},
	{"multiline", "multilineBlock", "In an input: which lines are one record. One of start and continue is needed.", []described{
		{"start", "regular expression", "", "The first line of a record. All others belong to the record before, unless continue is given."},
		{"continue", "regular expression", "", "A line that belongs to the record before."},
		{"timeout", "duration", `"1s"`, "How long a record waits for its next line."},
		{"max_lines", "number", "500", "A record of more lines is cut."},
		{"max_bytes", "size", `"1MiB"`, "A longer record is cut."},
	}},
	{"parser", "commonParser", "What every parser block takes, beside its own settings.", []described{
		{"enabled", "true or false", "true", "A block that is not enabled is checked all the same."},
		{"timezone", "text", `"UTC"`, `The zone of times that name none, "Europe/Berlin" or "Local".`},
	}},
	{"enrich", "enrichBlock", "Changes events, in the order of the blocks; inside a block always rename, set, drop, remove, redact.", []described{
		{"enabled", "true or false", "true", "Whether it is applied."},
		{"inputs", "list of references", "", "Only what came from these inputs."},
		{"where", "condition", "", "Only events for which it holds."},
		{"rename", "object of text", "", "Old names and new ones."},
		{"set", "object of expressions", "", "Fields and what they are set to."},
		{"drop", "true or false", "false", "Drops the event. It is counted."},
		{"remove", "list of text", "", "Fields to take away."},
		{"redact", "object", "", "What is made unreadable."},
	}},
	{"redact", "redactObject", "In an enrich block: what is made unreadable.", []described{
		{"fields", "list of text", "", "Fields whose values are replaced."},
		{"patterns", "list of text", "", `Built-in patterns, replaced wherever they occur: "email", "card" (with a right check digit), "bearer", "password".`},
	}},
	{"retention", "retentionBlock", "How long each event is to be kept. It holds class blocks.", []described{
		{"default", "text", "", "The class of events for which no class's where holds."},
	}},
	{"class", "classBlock", "In retention, with a name. The first whose where holds takes the event.", []described{
		{"keep", "duration", "required", `In s, m, h, d or w, or "forever".`},
		{"where", "condition", "", "Without it, a class is reached as the default only."},
	}},
	{"output", "commonOutput", "What every output takes, beside its own settings.", []described{
		{"enabled", "true or false", "true", "A block that is not enabled is checked all the same."},
		{"on_full", "text", `"block"`, `When the buffer is full and this output holds back its oldest segment: "block" lets inputs wait, "drop_oldest" passes over this output's oldest documents, and counts them.`},
		{"from", "text", `"now"`, `Where an output begins that was never seen before: "now" or "oldest".`},
		{"renamed_from", "text", "", "The output whose place this one takes, file.archive."},
		{"dead_letters", "true or false", "true", "Whether documents that it can never take are kept."},
	}},
	{"failover", "failoverBlock", "Lets one output stand in for another that is down. The standby gets nothing else. When the primary is well again it takes over; documents that were sent to one without an answer are sent to the other, and may be in both: `sluice_output_failover_repeats_total` counts them.", []described{
		{"enabled", "true or false", "true", "Without it the standby is an output as any other."},
		{"primary", "reference", "required", "The output, output.elasticsearch.main."},
		{"standby", "reference", "required", "The output that stands in for it."},
		{"after", "duration", `"1m"`, "How long the primary must have taken nothing."},
	}},
	{"route", "routeBlock", "Sends events to some outputs. The first whose where holds takes the event; without any route, and where none holds, an event goes to every output.", []described{
		{"enabled", "true or false", "true", "Whether it is tried."},
		{"where", "condition", "", "Which events it takes; without it all that come to it."},
		{"to", "list of references", "required", "The outputs, [output.elasticsearch.main]."},
		{"require", "list of texts", "", "Fields that an event must have, [\"kubernetes.pod.name\"]. One that lacks any becomes a dead letter of the route, and goes to no output."},
	}},
}

// blocksPage makes the page of the blocks that are no component's own.
func blocksPage(root string) (Page, error) {
	src := newSources(root)
	var b bytes.Buffer
	b.WriteString(header + "# Blocks of the config\n\nThe language is explained in [config](../config.md). Settings of a type of input, parser or output are on its own page.\n")
	for _, bl := range blocks {
		st, err := src.structOf("internal/config", bl.strct)
		if err != nil {
			return Page{}, err
		}
		if err := bl.complete(st); err != nil {
			return Page{}, fmt.Errorf("describe the block %s: %w", bl.title, err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| setting | type | default | what it is |\n|---|---|---|---|\n", bl.title, bl.about)
		for _, s := range bl.settings {
			dflt := s.dflt
			if dflt != "" && dflt != "required" {
				dflt = "`" + dflt + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.name, s.kind, dflt, cell(s.text))
		}
	}
	return Page{"blocks.md", b.Bytes()}, nil
}

// complete reports settings of the struct that are not described, and others
// that are.
func (bl *block) complete(st *ast.StructType) error {
	left := map[string]bool{}
	for _, s := range bl.settings {
		left[s.name] = true
	}
	for _, f := range st.Fields.List {
		if f.Tag == nil {
			continue
		}
		name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("hcl"), ",")
		if !left[name] {
			return errors.New(name + " is not described")
		}
		delete(left, name)
	}
	for name := range left {
		return errors.New(name + " is described and not there")
	}
	return nil
}
