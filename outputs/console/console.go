// Package console is the output that shows documents on standard output: for
// people in aligned, coloured lines, or as JSON, a document a line.
package console

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/term"
	"github.com/renthub/sluice/outputs"
)

// Type is the output "console".
var Type = outputs.Define("console", Config{Format: "auto", Color: "auto"}, open)

// Config is the block `output "console" "name"`.
type Config struct {
	// Format is "pretty", "json", or "auto": pretty on a terminal, else json.
	Format string `hcl:"format,optional"`
	// Color is "always", "never", or "auto": on a terminal, unless NO_COLOR
	// is set.
	Color string `hcl:"color,optional"`
	// OnlyOnTerminal takes the output out of the pipeline where standard
	// output is no terminal.
	OnlyOnTerminal bool `hcl:"only_on_terminal,optional"`
	// Fields are the paths of the fields that pretty shows behind the
	// message; if empty, all but those that are the same in every line.
	Fields []string `hcl:"fields,optional"`
}

// Validate implements config.Validator.
func (c Config) Validate() []config.Problem {
	var found []config.Problem
	if !oneOf(c.Format, "auto", "pretty", "json") {
		found = append(found, config.Problem{
			Attr:    "format",
			Summary: fmt.Sprintf("There is no format %q", c.Format),
			Detail:  `It is "auto", "pretty" or "json".`,
		})
	}
	if !oneOf(c.Color, "auto", "always", "never") {
		found = append(found, config.Problem{
			Attr:    "color",
			Summary: fmt.Sprintf("Color cannot be %q", c.Color),
			Detail:  `It is "auto", "always" or "never".`,
		})
	}
	return found
}

// Active implements outputs.Watcher.
func (c Config) Active() bool { return !c.OnlyOnTerminal || term.IsTerminal(os.Stdout) }

// Volatile implements outputs.Watcher: a terminal may be paused for hours. A
// file or a pipe gets everything.
func (c Config) Volatile() bool { return term.IsTerminal(os.Stdout) }

func oneOf(s string, list ...string) bool {
	for _, l := range list {
		if s == l {
			return true
		}
	}
	return false
}

func open(c Config, d outputs.Deps) (outputs.Output, error) {
	out, err := standardOutput()
	if err != nil {
		return nil, fmt.Errorf("open standard output: %w", err)
	}
	return newOutput(out, c.Options(os.Stdout, os.Getenv)), nil
}

// Options returns what c means for a Printer that writes to f.
func (c Config) Options(f *os.File, getenv func(string) string) Options {
	terminal := term.IsTerminal(f)
	return Options{
		JSON:     c.Format == "json" || c.Format != "pretty" && !terminal,
		Colour:   term.Colour(c.Color, terminal, getenv),
		Terminal: terminal,
		Fields:   c.Fields,
		Location: time.Local,
	}
}

// newOutput returns the output that shows documents on w and closes it.
func newOutput(w io.WriteCloser, o Options) *output {
	return &output{w: w, printer: NewPrinter(w, o), turn: make(chan struct{}, 1)}
}
