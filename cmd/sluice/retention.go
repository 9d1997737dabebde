package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/renthub/sluice/internal/components"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/term"
	"github.com/renthub/sluice/outputs"
)

func newRetention(c *common) *cobra.Command {
	return group(&cobra.Command{
		Use:   "retention",
		Short: "Bring the destinations' retention in line with the config",
		Long: `Compare how long destinations keep documents of each retention class with what the
config says, and change it. What would delete documents that are kept now is
never done without --shorten CLASS.`,
		Example: `  sluice retention plan
  sluice retention apply
  sluice retention apply --shorten debug`,
	}, newRetentionPlan(c), newRetentionApply(c))
}

func newRetentionPlan(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "plan",
		Short: "Say what apply would change, and change nothing",
		Long:  `Say what apply would change. It exits with 1 if there is anything to change.`,
		Example: `  sluice retention plan
  sluice retention plan -o json | jq '.[] | select(.action == "shorten")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plans, err := c.planRetention(cmd.Context())
			defer closeAll(plans)
			if err != nil {
				return err
			}
			if err := c.sayRetention(cmd.OutOrStdout(), plans); err != nil {
				return err
			}
			if changes(plans) > 0 {
				return no()
			}
			return nil
		},
	}
}

func newRetentionApply(c *common) *cobra.Command {
	var shorten []string
	var yes bool
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Make the changes of the plan",
		Long: `Make the changes of the plan: create what is missing and lengthen what is too short.
What shortens deletes documents; it is left out unless --shorten names its class.
On a terminal it asks first, elsewhere it needs --yes.`,
		Example: `  sluice retention apply
  sluice retention apply --yes --shorten debug`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plans, err := c.planRetention(cmd.Context())
			defer closeAll(plans)
			if err != nil {
				return err
			}
			left, err := choose(plans, shorten)
			if err != nil {
				return err
			}
			if changes(plans) > 0 && !yes {
				if err := c.confirm(cmd, plans); err != nil {
					return err
				}
			}
			return c.applyRetention(cmd, plans, left)
		},
	}
	cmd.Flags().StringArrayVar(&shorten, "shorten", nil, "let this class be kept for less time than now: documents are deleted")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// retentionPlan is what is to be changed at one output's destination.
type retentionPlan struct {
	name    string
	output  outputs.Output
	changes []outputs.RetentionChange
}

func closeAll(plans []retentionPlan) {
	for _, p := range plans {
		_ = p.output.Close() // nothing was sent
	}
}

// changes counts what is to be done.
func changes(plans []retentionPlan) int {
	n := 0
	for _, p := range plans {
		for i := range p.changes {
			if p.changes[i].Action.Changes() {
				n++
			}
		}
	}
	return n
}

// planRetention asks the destinations of the config.
func (c *common) planRetention(ctx context.Context) ([]retentionPlan, error) {
	cfg, err := c.load(os.Stderr, false)
	if err != nil {
		return nil, err
	}
	var plans []retentionPlan
	for i := range cfg.Outputs {
		o := &cfg.Outputs[i]
		if !o.Enabled || !retains(o.Type) {
			continue
		}
		out, err := openOutput(cfg, o)
		if err != nil {
			return plans, exit(exitConfig, fmt.Errorf("open output %s: %w", o.Address, err))
		}
		p := retentionPlan{name: o.Address, output: out}
		plans = append(plans, p)
		r, ok := out.(outputs.Retainer)
		if !ok {
			continue
		}
		if plans[len(plans)-1].changes, err = r.PlanRetention(ctx); err != nil {
			return plans, exit(exitDestination, fmt.Errorf("plan retention of %s: %w", o.Address, err))
		}
	}
	if len(plans) == 0 {
		return nil, exit(exitNo, errors.New("no enabled output keeps documents by itself: there is no retention to plan"))
	}
	return plans, nil
}

// outputNotices says of which output a notice is.
type outputNotices struct {
	slog.Handler
	output string
}

// Handle implements slog.Handler.
func (h *outputNotices) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(slog.String("output", h.output))
	return h.Handler.Handle(ctx, r)
}

func openOutput(cfg *config.Config, o *config.Output) (outputs.Output, error) {
	var classes []outputs.Class
	for _, class := range cfg.Retention.Classes {
		classes = append(classes, outputs.Class{Name: class.Name, Keep: class.Keep})
	}
	for _, t := range components.All().Outputs {
		if t.Name == o.Type {
			return t.Open(o.Config, outputs.Deps{
				Name: o.Address, Logger: slog.New(&outputNotices{&noticeHandler{w: os.Stderr}, o.Address}), Metrics: prometheus.NewRegistry(),
				Now: time.Now, Dir: dataDir(cfg), Classes: classes, Version: version(),
			})
		}
	}
	return nil, fmt.Errorf("there is no output type %q", o.Type)
}

// retains reports whether outputs of a type can be told how long to keep.
func retains(name string) bool {
	return slices.ContainsFunc(components.All().Outputs, func(t outputs.Type) bool { return t.Name == name && t.Retains })
}

// choose takes out of the plans what shortens and is not named, and returns it
// as names. A class that nothing shortens is most likely a slip.
func choose(plans []retentionPlan, shorten []string) (left []string, err error) {
	used := map[string]bool{}
	for i := range plans {
		plans[i].changes = slices.DeleteFunc(plans[i].changes, func(ch outputs.RetentionChange) bool {
			if ch.Action != outputs.ShortenRetention {
				return false
			}
			used[ch.Class] = true
			if slices.Contains(shorten, ch.Class) {
				return false
			}
			left = append(left, fmt.Sprintf("%s of %s", ch.Name, ch.Class))
			return true
		})
		for k := range plans[i].changes {
			ch := &plans[i].changes[k]
			ch.Confirmed = ch.Action == outputs.ShortenRetention
		}
	}
	for _, class := range shorten {
		if !used[class] {
			return nil, exit(exitUsage, fmt.Errorf("--shorten %s: the plan shortens nothing of this class", class))
		}
	}
	return left, nil
}

// confirm shows the plan and asks a person.
func (c *common) confirm(cmd *cobra.Command, plans []retentionPlan) error {
	if !term.IsTerminal(os.Stdin) || !term.IsTerminal(os.Stderr) {
		return exit(exitUsage, errors.New("there is nobody to ask: give --yes"))
	}
	text := *c
	text.output = "text"
	if err := text.sayRetention(cmd.ErrOrStderr(), plans); err != nil {
		return err
	}
	fmt.Fprint(cmd.ErrOrStderr(), "Make these changes? [y/N] ")
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return exit(exitNo, errors.New("nothing was changed"))
	}
	return nil
}

func (c *common) applyRetention(cmd *cobra.Command, plans []retentionPlan, left []string) error {
	for _, p := range plans {
		r, ok := p.output.(outputs.Retainer)
		if !ok || len(p.changes) == 0 {
			continue
		}
		if err := r.ApplyRetention(cmd.Context(), p.changes); err != nil {
			return exit(exitDestination, fmt.Errorf("apply retention of %s: %w", p.name, err))
		}
	}
	for i := range plans { // what was done, and what a person should know
		plans[i].changes = slices.DeleteFunc(plans[i].changes, func(ch outputs.RetentionChange) bool { return ch.Action == outputs.KeepRetention })
	}
	if err := c.sayRetention(cmd.OutOrStdout(), plans); err != nil {
		return err
	}
	if len(left) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "sluice: not shortened, as --shorten does not name the class: %s\n", visible(strings.Join(left, ", ")))
	}
	return nil
}
