package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/renthub/sluice/internal/term"
	"github.com/renthub/sluice/pipeline"
)

const (
	// rateWindow lies between the two looks that rates are made of.
	rateWindow = 500 * time.Millisecond
	// watchEvery is the pace of status --watch.
	watchEvery = 2 * time.Second
)

func newStatus(c *common) *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what the running agent is doing",
		Long: `Show what the running agent is doing: inputs and the files with unread bytes, the
buffer and the time until it is full, and of each output its state, rate, lag,
what waits and the last error. A rate takes two looks, half a second apart.`,
		Example: `  sluice status
  sluice status --watch
  sluice status -o json | jq '.outputs[] | {name, state, pending}'
  sluice status --admin 127.0.0.1:7081`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			agent, err := c.findAgent()
			if err != nil {
				return err
			}
			s := statusView{client: agent, w: cmd.OutOrStdout(), width: width(cmd.OutOrStdout())}
			switch {
			case c.output == "json":
				return s.json(cmd.Context())
			case watch:
				return s.watch(cmd.Context())
			}
			return s.once(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "show it again every 2 seconds")
	return cmd
}

// statusView shows the status of an agent.
type statusView struct {
	client *agentClient
	w      io.Writer
	width  int // columns; 0 is no limit
}

// width is the number of columns of w, or 0 if it has no limit.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		return term.Width(f)
	}
	return 0
}

// json passes on what the agent says.
func (s *statusView) json(ctx context.Context) error {
	body, err := s.client.get(ctx, "/api/status")
	if err == nil {
		_, err = s.w.Write(body)
	}
	return err
}

func (s *statusView) look(ctx context.Context) (*pipeline.Status, error) {
	body, err := s.client.get(ctx, "/api/status")
	if err != nil {
		return nil, err
	}
	var st pipeline.Status
	if err := json.Unmarshal(body, &st); err != nil {
		return nil, exit(exitNo, fmt.Errorf("read the status from %s: %w", s.client.base, err))
	}
	return &st, nil
}

// once shows the status with the rates of half a second.
func (s *statusView) once(ctx context.Context) error {
	before, err := s.look(ctx)
	if err != nil {
		return err
	}
	if !pause(ctx, rateWindow) {
		return nil
	}
	now, err := s.look(ctx)
	if err != nil {
		return err
	}
	return writeStatus(s.w, before, now, s.width)
}

// watch shows the status again and again, on a screen that it clears.
func (s *statusView) watch(ctx context.Context) error {
	before, err := s.look(ctx)
	if err != nil {
		return err
	}
	for every := rateWindow; pause(ctx, every); every = watchEvery {
		now, err := s.look(ctx)
		if err != nil {
			return err
		}
		if s.width > 0 {
			fmt.Fprint(s.w, "\x1b[H\x1b[2J")
		}
		if err := writeStatus(s.w, before, now, s.width); err != nil {
			return err
		}
		before = now
	}
	return nil
}

// pause waits and reports whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
