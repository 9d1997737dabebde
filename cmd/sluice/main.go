// Command sluice ships logs: it tails files and programs, parses and enriches
// each line, keeps it in a log on disk and sends it on.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes of all commands.
const (
	exitDone        = 0
	exitNo          = 1 // a check says no; nothing was found
	exitUsage       = 2
	exitConfig      = 3
	exitDestination = 4 // unreachable, or it refuses
	exitBuffer      = 5 // in use, or damaged
	exitRejects     = 6 // finished, and some documents were refused
)

func main() { os.Exit(Main()) }

// Main runs the command line of this process and returns its exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root := newRoot()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitUsage, fmt.Errorf("%w\nsluice: see 'sluice help'", err)}
	}
	if e.err != nil {
		fmt.Fprintln(root.ErrOrStderr(), "sluice:", e.err)
	}
	return e.code
}

// exitError ends the process with a code. Without err there is nothing to say
// that was not said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit returns err as one that ends the process with code; nil stays nil.
func exit(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code, err}
}

// no ends the process with exitNo where there is nothing more to say.
func no() error { return &exitError{code: exitNo} }

// common are the flags of all commands.
type common struct {
	config []string
	vars   map[string]string
	admin  string
	output string
	color  string

	builtIn bool                             // take the embedded config, whatever there is
	env     func(name string) (string, bool) // what the config reads of the environment
}

func newRoot() *cobra.Command {
	c := &common{env: os.LookupEnv}
	root := &cobra.Command{
		Use:   "sluice",
		Short: "Ship logs and never quietly lose a line",
		Long: `Sluice tails files and programs, parses and enriches each line, keeps it in a
log on disk and ships it, compressed, to Elasticsearch or to a local archive.`,
		Example: `  sluice run --demo                       see it work on made-up logs
  sluice tail app.log                     pretty lines, no config, nothing kept
  sluice tail -- npm start                the same for a program
  sluice run -c pipeline.hcl              the agent
  sluice status                           what the agent is doing`,
		SilenceErrors: true, SilenceUsage: true,
		Version: version(),
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetFlagErrorFunc(explainFlag)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return c.check(cmd) }
	f := root.PersistentFlags()
	f.StringArrayVarP(&c.config, "config", "c", nil, "config file or folder (default ./pipeline.hcl, /etc/sluice, else the embedded one)")
	f.StringToStringVar(&c.vars, "var", nil, "set a variable of the config, name=value")
	f.StringVar(&c.admin, "admin", "", "address of the running agent (default: as the config and its data folder say)")
	f.StringVarP(&c.output, "output", "o", "text", "text or json")
	f.StringVar(&c.color, "color", "auto", "auto, always or never")
	for _, add := range commands {
		root.AddCommand(add(c))
	}
	return root
}

// commands make the subcommands.
var commands = []func(*common) *cobra.Command{
	newRun, newTail, newValidate, newFmt, newStatus, newDoctor, newReload, newRetention,
	newBuffer, newDeadLetters, newBench, newBenchSink, newVersion,
}
