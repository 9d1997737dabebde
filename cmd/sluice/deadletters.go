package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renthub/sluice/internal/term"
	"github.com/renthub/sluice/pipeline"
)

func newDeadLetters(c *common) *cobra.Command {
	return group(&cobra.Command{
		Use:   "dlq",
		Short: "Look at documents that a destination refused for good",
		Long: `Look at the dead letters: documents that a destination can never take, each with the
destination's own words. They are kept in a log of their own beside the buffer,
and can be read while an agent runs.`,
		Example: `  sluice dlq ls
  sluice dlq ls --from-output elasticsearch.main --limit 20
  sluice dlq show 8J2mV0x0aYw-1834-211`,
	}, newDeadLettersList(c), newDeadLettersShow(c))
}

// deadLetterFilter says which dead letters are wanted.
type deadLetterFilter struct {
	output string
	limit  int
}

func (f *deadLetterFilter) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.output, "from-output", "", "only those of this output, elasticsearch.main")
	cmd.Flags().IntVar(&f.limit, "limit", 100, "only the newest so many; 0 is all")
}

// read returns the dead letters that are wanted, oldest first, and how many
// there are before them.
func (f *deadLetterFilter) read(c *common, wanted func(*pipeline.DeadLetter) bool) (list []pipeline.DeadLetter, more int, err error) {
	cfg, err := c.load(os.Stderr, false)
	if err != nil {
		return nil, 0, err
	}
	err = pipeline.ReadDeadLetters(pipeline.DeadLettersDir(cfg.Buffer.Path), func(l pipeline.DeadLetter) bool {
		if (f.output == "" || l.Output == f.output) && wanted(&l) {
			list = append(list, l)
		}
		return true
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // no agent has run here: there are none
	}
	if f.limit > 0 && len(list) > f.limit {
		more = len(list) - f.limit
		list = list[more:]
	}
	return list, more, exit(exitBuffer, err)
}

func newDeadLettersList(c *common) *cobra.Command {
	var f deadLetterFilter
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List dead letters, the newest last",
		Long:  `List dead letters, the newest last. It exits with 1 if there are none.`,
		Example: `  sluice dlq ls
  sluice dlq ls --from-output elasticsearch.main --limit 20
  sluice dlq ls -o json | jq -r .reason | sort | uniq -c`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, more, err := f.read(c, func(*pipeline.DeadLetter) bool { return true })
			if err != nil {
				return err
			}
			if more > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "sluice: %s older ones are not shown; --limit 0 shows all\n", grouped(more))
			}
			if c.output == "json" {
				err = writeLetters(cmd.OutOrStdout(), list)
			} else {
				err = writeLetterTable(cmd, list)
			}
			if err == nil && len(list) == 0 {
				return no()
			}
			return err
		},
	}
	f.flags(cmd)
	return cmd
}

func writeLetterTable(cmd *cobra.Command, list []pipeline.DeadLetter) error {
	if len(list) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "sluice: there are no dead letters")
		return nil
	}
	t := newTable(cmd.OutOrStdout())
	fmt.Fprintln(t, "TIME\tOUTPUT\tID\tREASON")
	for i := range list {
		l := &list[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", l.Time.Format(time.RFC3339), visible(l.Output), visible(l.IDText), visible(cutText(l.Reason, 200)))
	}
	return t.Flush()
}

// writeLetters prints each dead letter as JSON: an object a line.
func writeLetters(w io.Writer, list []pipeline.DeadLetter) error {
	for i := range list {
		if err := writeJSONLine(w, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

func newDeadLettersShow(c *common) *cobra.Command {
	var f deadLetterFilter
	cmd := &cobra.Command{
		Use:   "show [ID ...]",
		Short: "Show dead letters whole, with their documents",
		Long: `Show dead letters whole: output, reason and document. An ID can be cut short where
its beginning says enough. It exits with 1 if there are none.`,
		Example: `  sluice dlq show 8J2mV0x0aYw-1834-211
  sluice dlq show --limit 1 -o json | jq .document`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			list, _, err := f.read(c, func(l *pipeline.DeadLetter) bool {
				for _, id := range ids {
					if strings.HasPrefix(l.IDText, id) {
						return true
					}
				}
				return len(ids) == 0
			})
			if err != nil {
				return err
			}
			if len(list) == 0 {
				return exit(exitNo, errors.New("there is no such dead letter"))
			}
			if c.output == "json" {
				return writeLetters(cmd.OutOrStdout(), list)
			}
			return writeLettersWhole(cmd.OutOrStdout(), list)
		},
	}
	f.flags(cmd)
	return cmd
}

func writeLettersWhole(w io.Writer, list []pipeline.DeadLetter) error {
	for i := range list {
		l := &list[i]
		document := term.AppendVisibleJSON(nil, l.Document)
		_, err := fmt.Fprintf(w, "%s  %s  %s\n  %s\n  %s\n", l.Time.Format(time.RFC3339), visible(l.Output), visible(l.IDText), visible(l.Reason), document)
		if err != nil {
			return err
		}
	}
	return nil
}
