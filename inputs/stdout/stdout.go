// Package stdout is the input that runs a program and ships what it writes to
// standard output and standard error, or reads the agent's own standard input.
//
// Nothing here can be read again: what the program wrote counts from when the
// pipeline has it on disk. Each run of the program is a new generation of its
// two sources.
//
// # Signals and terminals
//
// The program has a process group of its own, so that a Ctrl-C in the
// terminal does not reach it by itself: whoever catches the signal passes it
// on, once, with [Input.Signal]. With pty = true it even has a session and a
// terminal of its own, one for each stream, which makes most programs write
// line by line; input typed by a person is passed on, the terminal's size too.
// Only a program that shares our terminal (stdin = true, pty = false, and
// standard input is a terminal) stays in our process group, or it could not
// read; the terminal then sends it Ctrl-C, and Signal leaves that one out.
//
// When the input ends, or the program does, what is left of its process group
// gets SIGTERM and, after `grace`, SIGKILL.
package stdout

import (
	"fmt"
	"slices"
	"time"

	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
	"github.com/renthub/sluice/internal/config"
)

// Type is the input "stdout".
var Type = inputs.Define("stdout", Config{Restart: restartNever, Grace: config.Duration(5 * time.Second)}, open)

// The restart policies.
const (
	restartNever   = "never"
	restartFailure = "on_failure"
	restartAlways  = "always"
)

// Config is the block `input "stdout" "name"`.
type Config struct {
	// Command is the program and its arguments; if empty, the input reads the
	// agent's standard input.
	Command []string `hcl:"command,optional"`
	// Env are variables that the program gets beside the agent's own.
	Env map[string]string `hcl:"env,optional"`
	// Directory is where the program runs; "" is where the agent does.
	Directory string `hcl:"directory,optional"`
	// Restart says when the program is started again: "never", "on_failure"
	// or "always".
	Restart string `hcl:"restart,optional"`
	// Grace is how long after SIGTERM what is left of the program is killed.
	Grace config.Duration `hcl:"grace,optional"`
	// PTY gives the program a terminal for each stream. It has no effect on
	// Windows.
	PTY bool `hcl:"pty,optional"`
	// Stdin passes the agent's standard input on to the program, which
	// otherwise has an empty one.
	Stdin bool `hcl:"stdin,optional"`
	// MaxLineSize is where longer lines are split.
	MaxLineSize config.Size `hcl:"max_line_size,optional"`
}

// Validate implements config.Validator.
func (c Config) Validate() []config.Problem {
	var found []config.Problem
	if !slices.Contains([]string{restartNever, restartFailure, restartAlways}, c.Restart) {
		found = append(found, config.Problem{
			Attr:    "restart",
			Summary: fmt.Sprintf("There is no restart policy %q", c.Restart),
			Detail:  `It is "never", "on_failure" or "always".`,
		})
	}
	if len(c.Command) > 0 && c.Command[0] == "" {
		found = append(found, config.Problem{Attr: "command", Summary: "The command has no program", Detail: "Its first element names the program to run."})
	}
	if _, err := framing.New(framing.Config{MaxLine: int(c.MaxLineSize)}); err != nil {
		found = append(found, config.Problem{Attr: "max_line_size", Summary: "Lines cannot be cut like this", Detail: err.Error() + "."})
	}
	return found
}

func open(c Config, d inputs.Deps) (inputs.Input, error) {
	rule, err := d.Rule()
	if err != nil {
		return nil, err
	}
	f := framing.Config{MaxLine: int(c.MaxLineSize), Rule: rule}
	if _, err := framing.New(f); err != nil {
		return nil, err
	}
	in := &Input{config: c, deps: d, framing: f, backoff: firstBackoff}
	in.exitCode.Store(noExit)
	return in, nil
}
