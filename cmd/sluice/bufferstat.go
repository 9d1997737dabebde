package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/pipeline"
)

func newBufferStat(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "stat",
		Short: "Say what the buffer holds, and for whom",
		Long: `Say what the buffer holds, as it is on disk: documents, their times, the positions of
the sources, and how far each output has come. It reads all of it, and takes no
lock, so an agent may be running.`,
		Example: `  sluice buffer stat
  sluice buffer stat -o json | jq '.cursors[] | select(.orphan)'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, cfg, err := c.bufferDir()
			if err != nil {
				return err
			}
			stat, err := readBufferStat(dir)
			if err != nil {
				return exit(exitBuffer, err)
			}
			for i := range stat.Cursors {
				stat.Cursors[i].Orphan = true
				for k := range cfg.Outputs {
					if cfg.Outputs[k].Address == stat.Cursors[i].Output {
						stat.Cursors[i].Orphan = false
					}
				}
			}
			if c.output == "json" {
				return writeJSON(cmd.OutOrStdout(), stat)
			}
			return stat.write(cmd.OutOrStdout())
		},
	}
}

// bufferStat is what a folder holds.
type bufferStat struct {
	Path      string       `json:"path"`
	Records   int          `json:"records"`
	Documents uint64       `json:"documents"`
	Damaged   uint64       `json:"damaged"` // documents that cannot be read
	Bytes     int64        `json:"bytes"`   // of indexes and bodies
	First     uint64       `json:"first_seq"`
	Next      uint64       `json:"next_seq"`
	Oldest    *time.Time   `json:"oldest,omitempty"` // time of a document
	Newest    *time.Time   `json:"newest,omitempty"`
	Sources   int          `json:"sources"`
	Cursors   []cursorStat `json:"cursors"`
}

// cursorStat is how far an output has come.
type cursorStat struct {
	Output  string `json:"output"`
	Taken   uint64 `json:"taken_seq"` // all before it is taken
	Pending uint64 `json:"pending"`   // documents of the folder that are not
	Shed    uint64 `json:"shed"`      // passed over because the buffer was full, ever
	Damaged uint64 `json:"damaged"`
	Orphan  bool   `json:"orphan"` // the config does not have this output
}

// readBufferStat reads a folder from its oldest record to its newest.
func readBufferStat(dir string) (*bufferStat, error) {
	r, err := buffer.OpenReader(dir)
	if err != nil {
		return nil, fmt.Errorf("open buffer: %w", err)
	}
	defer r.Close()
	places, err := r.Cursors()
	if err != nil {
		return nil, fmt.Errorf("read cursors: %w", err)
	}
	s := &bufferStat{Path: dir}
	for _, p := range places {
		s.Cursors = append(s.Cursors, cursorStat{Output: p.Name, Taken: p.Taken, Shed: p.Dropped, Damaged: p.Damaged})
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read buffer: %w", err)
		}
		s.add(rec, places)
	}
	for _, l := range r.Damaged() {
		s.Damaged += l.Count
	}
	state, err := r.State()
	if err != nil {
		return nil, fmt.Errorf("read positions: %w", err)
	}
	for key := range state {
		if pipeline.IsSource(key) {
			s.Sources++
		}
	}
	return s, nil
}

func (s *bufferStat) add(rec *buffer.Record, places []buffer.CursorPlace) {
	s.Records++
	s.Bytes += int64(len(rec.Index) + len(rec.Body))
	if rec.Count == 0 {
		return
	}
	end := rec.First + uint64(rec.Count)
	if s.Documents == 0 {
		s.First = rec.First
	}
	s.Documents += uint64(rec.Count)
	s.Next = end
	if t := time.UnixMilli(rec.MinTime).UTC(); s.Oldest == nil || t.Before(*s.Oldest) {
		s.Oldest = &t
	}
	if t := time.UnixMilli(rec.MaxTime).UTC(); s.Newest == nil || t.After(*s.Newest) {
		s.Newest = &t
	}
	for i := range places {
		s.Cursors[i].Pending += pendingIn(rec.First, end, &places[i])
	}
}

// pendingIn counts the documents of a run that a cursor has not passed.
func pendingIn(first, end uint64, p *buffer.CursorPlace) uint64 {
	from := max(first, p.Taken)
	if from >= end {
		return 0
	}
	n := end - from
	for _, r := range p.Behind {
		if lo, hi := max(from, r.First), min(end, r.First+r.Count); lo < hi {
			n -= hi - lo
		}
	}
	return n
}

func (s *bufferStat) write(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s documents in %s records, %s; positions of %s sources\n", visible(s.Path), grouped(s.Documents), grouped(s.Records), binarySize(s.Bytes), grouped(s.Sources))
	if s.Oldest != nil {
		fmt.Fprintf(w, "  from %s to %s\n", s.Oldest.Format(time.RFC3339), s.Newest.Format(time.RFC3339))
	}
	if s.Damaged > 0 {
		fmt.Fprintf(w, "  %s documents cannot be read: sluice buffer verify\n", grouped(s.Damaged))
	}
	t := newTable(w)
	fmt.Fprintln(t, "OUTPUT\tPENDING\tSHED\tDAMAGED\tNOTE")
	for _, c := range s.Cursors {
		note := "-"
		if c.Orphan {
			note = "not in the config: sluice buffer forget " + visible(c.Output)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", visible(c.Output), grouped(c.Pending), grouped(c.Shed), grouped(c.Damaged), note)
	}
	return t.Flush()
}
