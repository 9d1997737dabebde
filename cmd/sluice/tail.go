package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/internal/components"
	"github.com/renthub/sluice/internal/term"
	"github.com/renthub/sluice/outputs/console"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/pipeline"
)

func newTail(c *common) *cobra.Command {
	t := &tailer{common: c}
	cmd := &cobra.Command{
		Use:   "tail FILE|GLOB ... | - | -- COMMAND [ARG ...]",
		Short: "Show the lines of files or of a program, with no config",
		Long: `Show the lines of files, of standard input or of a program as they come: parsed,
aligned and coloured. There is no config, and nothing is kept on disk.

A program gets a terminal for each of its streams if this is one, so that it
writes line by line and in colour; what you type goes to it, and Ctrl-C once. tail
ends with the program's exit code. Colours in lines pass on a terminal and are
taken out elsewhere; other control characters are shown, not obeyed.`,
		Example: `  sluice tail app.log                         the last 10 lines, and what follows
  sluice tail -n 100 'storage/logs/*.log'     also files that come later
  sluice tail -- npm start
  kubectl logs -f web-0 | sluice tail -
  sluice tail --no-follow -n 1000 app.log -o json | jq .message`,
		Annotations: map[string]string{formats: "pretty json raw"},
		RunE:        func(cmd *cobra.Command, args []string) error { return t.run(cmd, args) },
	}
	f := cmd.Flags()
	f.IntVarP(&t.lines, "lines", "n", 10, "begin with so many last lines of each file")
	f.BoolVar(&t.noFollow, "no-follow", false, "end at the end of the files")
	f.StringVarP(&t.parser, "parser", "p", "auto", "built-in parser, or several: the first that matches")
	f.BoolVar(&t.noPTY, "no-pty", false, "give a program pipes instead of terminals")
	f.StringSliceVar(&t.fields, "fields", nil, "fields to show behind the message (default: those of interest)")
	return cmd
}

// tailer is one run of sluice tail.
type tailer struct {
	*common
	lines           int
	noFollow, noPTY bool
	parser          string
	fields          []string

	began  time.Time
	shown  shown
	logger *slog.Logger
}

const (
	// tailInput is the address of the one input.
	tailInput = "tail"
	// joinTimeout is how long a record waits for lines that may belong to it.
	joinTimeout = 200 * time.Millisecond
)

func (t *tailer) run(cmd *cobra.Command, args []string) error {
	t.began = time.Now()
	t.logger = slog.New(&noticeHandler{w: os.Stderr})
	dash := cmd.ArgsLenAtDash()
	switch {
	case len(args) == 0:
		return errors.New("name a file, - for standard input, or -- and a command")
	case dash > 0:
		return errors.New("files and a command do not go together: sluice tail FILE, or sluice tail -- COMMAND")
	case dash == 0:
		return t.tailCommand(cmd.Context(), args)
	case len(args) == 1 && args[0] == "-":
		return t.tailStdin(cmd.Context())
	}
	return t.tailFiles(cmd.Context(), args)
}

// direct makes what shows an input's lines, and what the input works with.
func (t *tailer) direct() (*pipeline.Direct, inputs.Deps, error) {
	show := t.printer()
	chain, framing, err := t.chain()
	if err != nil {
		return nil, inputs.Deps{}, err
	}
	plan := &pipeline.GraphPlan{
		Chains:  map[string]pipeline.Chain{tailInput: {Parser: chain, Enrich: []pipeline.Enricher{noExit{}}}},
		Classes: []pipeline.Class{{Name: "standard"}}, Default: "standard",
	}
	d := inputs.Deps{
		Name: tailInput, Logger: t.logger, Metrics: prometheus.NewRegistry(), Pool: &event.Pool{}, Now: time.Now, Framing: framing,
	}
	rule, err := d.Rule()
	if err != nil {
		return nil, inputs.Deps{}, err
	}
	if rule != nil { // somebody waits for the lines
		soon := *rule
		soon.Timeout = min(soon.Timeout, joinTimeout)
		d.Join = &soon
	}
	return pipeline.NewDirect(pipeline.NewGraph(plan, pipeline.NewRoutes(nil), nil), d.Pool, show.docs), d, nil
}

// chain opens the parsers that -p names.
func (t *tailer) chain() (p parsers.Parser, framing string, err error) {
	names := strings.Split(t.parser, ",")
	if t.output == "raw" {
		names = []string{"raw"}
	}
	var list []parsers.Parser
	known := components.All().Parsers
	for _, name := range names {
		typ, err := findParser(known, strings.TrimSpace(name))
		if err != nil {
			return nil, "", err
		}
		p, err := typ.Open(typ.Config(), parsers.Deps{Name: name, Location: time.UTC})
		if err != nil {
			return nil, "", fmt.Errorf("parser %q cannot be used by its name alone: %w", name, err)
		}
		list = append(list, p)
		if framing == "" {
			framing = typ.Framing
		}
	}
	p = parsers.First(list)
	if t.output == "json" || !term.IsTerminal(os.Stdout) {
		p = plain{p}
	}
	return p, framing, nil
}

func findParser(known []parsers.Type, name string) (*parsers.Type, error) {
	var names []string
	for i := range known {
		if known[i].Name == name {
			return &known[i], nil
		}
		names = append(names, known[i].Name)
	}
	return nil, fmt.Errorf("there is no parser %q: it can be %s", name, strings.Join(names, ", "))
}

// colours are the escape sequences that only set colours and weights.
var colours = regexp.MustCompile("\x1b\\[[0-9:;]*m")

// plain takes colours out of lines before they are parsed.
type plain struct{ parsers.Parser }

// Parse implements parsers.Parser.
func (p plain) Parse(b *event.Batch, i int) bool {
	if line := b.Line(i); bytes.IndexByte(line, 0x1B) >= 0 {
		b.Row(i).Line = b.Store(colours.ReplaceAll(line, nil))
	}
	return p.Parser.Parse(b, i)
}

// noExit drops the event that says how a program ended: our own exit code does.
type noExit struct{}

// Apply implements pipeline.Enricher.
func (noExit) Apply(b *event.Batch, i int, _ event.Record) {
	if string(b.Line(i)) == "process exited" && b.Find(i, "process.exit_code") >= 0 {
		b.Row(i).Flags |= event.Dropped
	}
}

// printer returns what shows documents, as -o says.
func (t *tailer) printer() *shower {
	terminal := term.IsTerminal(os.Stdout)
	o := console.Config{Format: t.output, Color: t.color, Fields: t.fields}.Options(os.Stdout, os.Getenv)
	s := &shower{shown: &t.shown, w: os.Stdout, printer: console.NewPrinter(os.Stdout, o)}
	if t.output == "raw" {
		s.raw, s.terminal = true, terminal
	}
	return s
}

// ended turns the end of an input into that of the command.
func (t *tailer) ended(err error, code int) error {
	if t.shown.closed.Load() {
		return nil // nobody reads any more, as with | head
	}
	if err != nil {
		return exit(max(code, exitNo), err)
	}
	if term.IsTerminal(os.Stdout) && term.IsTerminal(os.Stderr) {
		t.summary(os.Stderr)
	}
	if code > 0 {
		return &exitError{code: code}
	}
	return nil
}

// summary says what was shown.
func (t *tailer) summary(w io.Writer) {
	s := &t.shown
	fmt.Fprintf(w, "sluice: %s lines in %s, %s errors, %s warnings\n", grouped(s.lines.Load()), rough(time.Since(t.began)), grouped(s.errors.Load()), grouped(s.warnings.Load()))
}
