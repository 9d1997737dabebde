package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
)

// checkTimeout is how long the check of one output may take.
const checkTimeout = 30 * time.Second

func newDoctor(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [OUTPUT...]",
		Short: "Find out what would go wrong at the destinations",
		Long: `Try for each output, in order, what sending needs: resolve the name, connect, TLS
and the days that its certificate has left, log in, the rights that it takes, the
clock. Nothing is sent and nothing is changed. Each line that is not ok says what
to do. It exits with 4 if an output could not send; warnings do not count.`,
		Example: `  sluice doctor
  sluice doctor elasticsearch.main
  sluice doctor -o json | jq '.[] | select(.status != "ok")'`,
		RunE: func(cmd *cobra.Command, names []string) error {
			cfg, err := c.load(os.Stderr, false)
			if err != nil {
				return err
			}
			checks, err := chosenChecks(cfg, names)
			if err != nil {
				return err
			}
			runChecks(cmd.Context(), cfg, checks)
			if err := c.sayChecks(cmd.OutOrStdout(), checks); err != nil {
				return err
			}
			if bad := failedChecks(checks); len(bad) > 0 {
				return exit(exitDestination, fmt.Errorf("not in order: %s", strings.Join(bad, ", ")))
			}
			return nil
		},
	}
}

// outputCheck is what was found about one output.
type outputCheck struct {
	output   *config.Output
	findings []outputs.Finding
}

// chosenChecks are the enabled outputs, or those that are named.
func chosenChecks(cfg *config.Config, names []string) ([]outputCheck, error) {
	var checks []outputCheck
	known := map[string]bool{}
	for i := range cfg.Outputs {
		o := &cfg.Outputs[i]
		known[o.Address] = true
		w, watches := o.Config.(outputs.Watcher)
		if len(names) == 0 && o.Enabled && (!watches || w.Active()) {
			checks = append(checks, outputCheck{output: o})
		}
	}
	for _, name := range names {
		name = strings.TrimPrefix(name, "output.")
		if !known[name] {
			return nil, exit(exitUsage, fmt.Errorf("the config has no output %s", name))
		}
		for i := range cfg.Outputs {
			if cfg.Outputs[i].Address == name {
				checks = append(checks, outputCheck{output: &cfg.Outputs[i]})
			}
		}
	}
	if len(checks) == 0 {
		return nil, exit(exitNo, errors.New("no output is enabled: there is nothing to check"))
	}
	return checks, nil
}

// runChecks checks all outputs at a time.
func runChecks(ctx context.Context, cfg *config.Config, checks []outputCheck) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var all sync.WaitGroup
	for i := range checks {
		all.Go(func() { checks[i].findings = checkOutput(ctx, cfg, checks[i].output) })
	}
	all.Wait()
}

func checkOutput(ctx context.Context, cfg *config.Config, o *config.Output) []outputs.Finding {
	out, err := openOutput(cfg, o)
	if err != nil {
		return []outputs.Finding{{Step: "open", Status: outputs.CheckFailed, Detail: err.Error(), Hint: "mend this setting: the agent does not start with it"}}
	}
	defer out.Close()
	checker, ok := out.(outputs.Checker)
	if !ok {
		return []outputs.Finding{{Step: "open", Detail: "it is on this machine, there is nothing to reach"}}
	}
	return checker.Check(ctx)
}

// failedChecks names the outputs that could not send.
func failedChecks(checks []outputCheck) []string {
	var bad []string
	for _, c := range checks {
		for _, f := range c.findings {
			if f.Status == outputs.CheckFailed {
				bad = append(bad, c.output.Address)
				break
			}
		}
	}
	return bad
}

// findingDoc is a finding as JSON.
type findingDoc struct {
	Output string `json:"output"`
	Step   string `json:"step"`
	Status string `json:"status"` // ok, warn or fail
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

// sayChecks prints what was found, an output after the other, or JSON.
func (c *common) sayChecks(w io.Writer, checks []outputCheck) error {
	docs := []findingDoc{}
	for _, ch := range checks {
		for _, f := range ch.findings {
			docs = append(docs, findingDoc{ch.output.Address, f.Step, f.Status.String(), f.Detail, f.Hint})
		}
	}
	if c.output == "json" {
		return writeJSON(w, docs)
	}
	for i, ch := range checks {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, visible(ch.output.Address))
		t := newTable(w)
		for _, f := range ch.findings {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", f.Status, f.Step, visible(f.Detail))
			if f.Status != outputs.CheckPassed && f.Hint != "" {
				fmt.Fprintf(t, "  \t\t%s\n", visible(f.Hint))
			}
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}
