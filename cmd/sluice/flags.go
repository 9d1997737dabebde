package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/renthub/sluice/internal/expr"
)

// formats is the annotation of a command that takes other values of -o than
// text and json.
const formats = "formats"

// check holds the global flags to what they can be.
func (c *common) check(cmd *cobra.Command) error {
	known := []string{"text", "json"}
	if own := cmd.Annotations[formats]; own != "" {
		known = append(strings.Split(own, " "), "text")
	}
	if !slices.Contains(known, c.output) {
		return fmt.Errorf("-o %s: it can be %s", c.output, strings.Join(known, ", "))
	}
	if colors := []string{"auto", "always", "never"}; !slices.Contains(colors, c.color) {
		return fmt.Errorf("--color %s: it can be %s", c.color, strings.Join(colors, ", "))
	}
	return nil
}

// explainFlag adds what a wrong flag was probably meant to be.
func explainFlag(cmd *cobra.Command, err error) error {
	var wrong *pflag.NotExistError
	if !errors.As(err, &wrong) {
		return err
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	return fmt.Errorf("%w.%s", err, expr.DidYouMean("--"+wrong.GetSpecifiedName(), known))
}

// group makes a command of several, which does nothing by itself.
func group(cmd *cobra.Command, subcommands ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(subcommands...)
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += fmt.Sprintf(". Did you mean %q?", near[0])
		}
		return errors.New(text)
	}
	return cmd
}
