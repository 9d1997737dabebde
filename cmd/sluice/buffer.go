package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/pipeline"
)

func newBuffer(c *common) *cobra.Command {
	return group(&cobra.Command{
		Use:   "buffer",
		Short: "Look into the disk log",
		Long: `Look into the disk log, the folder that the config's buffer block names. stat and
verify only read, also beside a running agent.`,
		Example: `  sluice buffer stat
  sluice buffer verify -c /etc/sluice
  sluice buffer forget elasticsearch.old`,
	}, newBufferStat(c), newBufferVerify(c), newBufferForget(c))
}

// bufferDir is the folder of the config's buffer.
func (c *common) bufferDir() (string, *config.Config, error) {
	cfg, err := c.load(os.Stderr, false)
	if err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(cfg.Buffer.Path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, exit(exitNo, fmt.Errorf("there is no buffer at %s yet", cfg.Buffer.Path))
		}
		return "", nil, exit(exitBuffer, fmt.Errorf("find the buffer: %w", err))
	}
	return cfg.Buffer.Path, cfg, nil
}

func newBufferVerify(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Read all of the buffer and check every checksum",
		Long: `Read all of the buffer and check every checksum. Nothing is changed. It exits with 5
if documents that were on disk cannot be read.`,
		Example: `  sluice buffer verify
  sluice buffer verify -o json | jq .Lost`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, _, err := c.bufferDir()
			if err != nil {
				return err
			}
			report, err := buffer.Verify(dir)
			if err != nil {
				return exit(exitBuffer, err)
			}
			if err := c.sayVerified(cmd, dir, &report); err != nil {
				return err
			}
			if len(report.Lost) > 0 {
				return exit(exitBuffer, errors.New("some documents cannot be read"))
			}
			return nil
		},
	}
}

func (c *common) sayVerified(cmd *cobra.Command, dir string, r *buffer.Report) error {
	w := cmd.OutOrStdout()
	if c.output == "json" {
		return writeJSON(w, r)
	}
	fmt.Fprintf(w, "%s: %s documents in %s records, %d segments, %s\n", visible(dir), grouped(r.Documents), grouped(r.Records), r.Segments, binarySize(r.Bytes))
	for _, l := range r.Lost {
		fmt.Fprintf(w, "  lost     %s documents from %d in %s: %s\n", grouped(l.Count), l.First, visible(l.Segment), l.Reason)
	}
	for what, names := range map[string][]string{
		"snapshot damaged, others make up for it": r.Snapshots, "named as a segment and none": r.Broken,
		"not the log's": r.Foreign, "cursor file damaged": r.Cursors,
	} {
		for _, name := range names {
			fmt.Fprintf(w, "  %s: %s\n", visible(name), what)
		}
	}
	if r.BadState > 0 {
		fmt.Fprintf(w, "  %d records hold documents that are right and positions that are not\n", r.BadState)
	}
	if r.Tail > 0 {
		fmt.Fprintf(w, "  %s behind the end: what a crash cut off, or an agent is writing now\n", binarySize(r.Tail))
	}
	if len(r.Lost) == 0 {
		fmt.Fprintln(w, "Every document can be read.")
	}
	return nil
}

func newBufferForget(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "forget NAME",
		Short: "Give up what the buffer keeps for an output that is gone",
		Long: `Give up what the buffer keeps for an output that the config does not have any more.
What only that output waited for goes. A running agent is asked to do it; where
none runs, the buffer is opened here.`,
		Example: `  sluice buffer stat                         names such outputs
  sluice buffer forget elasticsearch.old`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, cfg, err := c.bufferDir()
			if err != nil {
				return err
			}
			if err := c.forget(cmd, dir, cfg, args[0]); err != nil {
				return err
			}
			return c.sayDone(cmd, "Forgotten: "+visible(args[0]), map[string]any{"forgotten": args[0]})
		},
	}
}

func (c *common) forget(cmd *cobra.Command, dir string, cfg *config.Config, name string) error {
	if agent := c.agentOf(cfg); agent != nil {
		err := agent.post(cmd.Context(), "/api/forget", url.Values{"name": {name}})
		if !errors.Is(err, errNoAgent) {
			return err
		}
	}
	for i := range cfg.Outputs {
		if cfg.Outputs[i].Address == name && cfg.Outputs[i].Enabled {
			return exit(exitNo, fmt.Errorf("forget %s: the config has this output", name))
		}
	}
	log, err := buffer.Open(buffer.Options{Dir: dir, MaxSize: int64(cfg.Buffer.MaxSize), MinFree: -1, Ballast: -1, History: buffer.History{Age: cfg.Buffer.History, Size: int64(cfg.Buffer.HistorySize)}, Now: time.Now})
	if err != nil {
		return exit(exitBuffer, fmt.Errorf("open buffer: %w", err))
	}
	err = errors.Join(log.Forget(name), pipeline.ForgetHeld(dir, name))
	return exit(exitNo, errors.Join(err, log.Close()))
}
