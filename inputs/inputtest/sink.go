// Package inputtest holds what every input must do, and a sink that watches over it.
//
// An input's own test describes itself in a [Subject] and calls [Run]; then it tests what only it does, with a [Sink] as
// its pipeline.
package inputtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
)

// Line is a row that a Sink was given.
type Line struct {
	Source uint64 // generation
	Name   string // of the source
	Stream string
	Text   string
	Pos    int64
	Size   uint32
	Flags  event.Flag
	Error  event.ParseError
}

// Sink is a pipeline that remembers what it was given, as a disk log would: cut by cut, each with its positions. It checks
// what an input promises about its batches, and makes those useless that it was given.
type Sink struct {
	// Pool takes the batches back if it is not nil. Each of them is poisoned first.
	Pool *event.Pool
	// Gate, if it is not nil, is called at the start of Emit; it may block, as a full buffer does, or fail.
	Gate func(ctx context.Context) error

	mu         sync.Mutex
	cuts       []cut
	violations []string
	changed    chan struct{} // closed and replaced with each cut
}

type cut struct {
	lines     []Line
	positions map[uint64]inputs.Position
	done      []uint64
}

// NewSink returns an empty Sink.
func NewSink() *Sink { return &Sink{changed: make(chan struct{})} }

type ticket struct{}

func (ticket) Wait(context.Context) error { return nil }

// Emit is the inputs.Emit to run an input with.
func (s *Sink) Emit(ctx context.Context, batches []*event.Batch) (inputs.Ticket, error) {
	if s.Gate != nil {
		if err := s.Gate(ctx); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := cut{positions: map[uint64]inputs.Position{}}
	if len(batches) == 0 {
		s.violate("a cut without batches")
	}
	for _, b := range batches {
		s.add(&c, b)
		b.Poison()
		if s.Pool != nil {
			s.Pool.Put(b)
		}
	}
	s.cuts = append(s.cuts, c)
	close(s.changed)
	s.changed = make(chan struct{})
	return ticket{}, nil
}

func (s *Sink) add(c *cut, b *event.Batch) {
	src := b.Source
	if _, twice := c.positions[src.ID]; twice {
		s.violate("%s: two batches of one source in a cut", src.Name)
	}
	if src.ID == 0 {
		s.violate("%s: generation is 0", src.Name)
	}
	last, known := s.last(src.ID)
	if known && b.Start != last.End {
		s.violate("%s: batch starts at %d, the one before ended at %d", src.Name, b.Start, last.End)
	}
	if b.End < b.Start {
		s.violate("%s: batch from %d to %d", src.Name, b.Start, b.End)
	}
	if b.Len() == 0 && b.Start == b.End && !b.Done && known && string(last.State) == string(b.State) {
		s.violate("%s: batch without rows and without progress", src.Name)
	}
	if b.ReadAt == 0 {
		s.violate("%s: ReadAt is not set", src.Name)
	}
	at := b.Start
	for i := range b.Len() {
		r := b.Row(i)
		if r.Pos < at || r.Size == 0 || r.Pos+int64(r.Size) > b.End {
			s.violate("%s: row of %d bytes at %d, behind %d, in a batch from %d to %d", src.Name, r.Size, r.Pos, at, b.Start, b.End)
		}
		at = r.Pos + int64(r.Size)
		c.lines = append(c.lines, Line{
			Source: src.ID, Name: src.Name, Stream: src.Stream, Text: string(b.Line(i)), Pos: r.Pos, Size: r.Size, Flags: r.Flags, Error: r.Error,
		})
	}
	c.positions[src.ID] = inputs.Position{Name: src.Name, Stream: src.Stream, End: b.End, State: slices.Clone(b.State)}
	if b.Done {
		c.done = append(c.done, src.ID)
	}
}

// last returns where a source stood after the cuts so far.
func (s *Sink) last(id uint64) (inputs.Position, bool) {
	for _, c := range slices.Backward(s.cuts) {
		if p, ok := c.positions[id]; ok {
			return p, true
		}
	}
	return inputs.Position{}, false
}

func (s *Sink) violate(format string, args ...any) {
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

// Violations are the promises that were not kept.
func (s *Sink) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// Cuts is the number of cuts so far.
func (s *Sink) Cuts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cuts)
}

// Crash forgets all cuts but the first n, as the disk log of an agent does that was killed.
func (s *Sink) Crash(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cuts = s.cuts[:n]
}

// Lines are all rows so far.
func (s *Sink) Lines() []Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Line
	for _, c := range s.cuts {
		all = append(all, c.lines...)
	}
	return all
}

// Texts are the lines of all rows so far.
func (s *Sink) Texts() []string {
	lines := s.Lines()
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.Text
	}
	return texts
}

// Positions are what a restart would be given.
func (s *Sink) Positions() inputs.Positions {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := inputs.Positions{}
	for _, c := range s.cuts {
		maps.Copy(all, c.positions)
		for _, id := range c.done {
			delete(all, id)
		}
	}
	return all
}

// Wait waits until what was given so far satisfies ok, and fails the test after ten seconds.
func (s *Sink) Wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // what is waited for may be elsewhere than in the sink
		case <-deadline:
			came := fmt.Sprintf("%q", s.Texts())
			t.Fatalf("waited in vain for %s; %d lines came: %s", what, len(s.Lines()), came[:min(len(came), 1500)])
		}
	}
}

// WaitLines waits for n rows in all.
func (s *Sink) WaitLines(t testing.TB, n int) {
	t.Helper()
	s.Wait(t, fmt.Sprintf("%d lines", n), func() bool { return len(s.Lines()) >= n })
}

// WaitFor waits for the next cut, or for d.
func (s *Sink) WaitFor(d time.Duration) {
	s.mu.Lock()
	changed := s.changed
	s.mu.Unlock()
	select {
	case <-changed:
	case <-time.After(d):
	}
}
