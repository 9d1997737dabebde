package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/pipeline"
)

// rawParser reads nothing.
type rawParser struct{}

func (rawParser) Parse(*event.Batch, int) bool { return true }

// script is an input that emits what a test says, from where it stopped.
type script struct {
	lines []string
	id    uint64
	each  int // lines in a cut
	after func(n int)
}

func (s *script) Run(ctx context.Context, saved inputs.Positions, emit inputs.Emit) error {
	src := &event.Source{ID: s.id, Input: "fake.in", Name: "script", Reread: true}
	start := saved[s.id].End
	for n := int(start); n < len(s.lines); {
		b := event.NewBatch(src)
		b.Start = int64(n)
		for range s.each {
			if n < len(s.lines) {
				b.AddLine([]byte(s.lines[n]), int64(n), 1)
				n++
			}
		}
		b.End = int64(n)
		if _, err := emit(ctx, []*event.Batch{b}); err != nil {
			return err
		}
		if s.after != nil {
			s.after(n)
		}
	}
	<-ctx.Done()
	return nil
}

// store is a destination that keeps what it takes. It is a Wrapper if wrap is set.
type store struct {
	limits outputs.Limits
	answer func(try int, docs []string) error // nil: take all

	mu    sync.Mutex
	tries int
	docs  map[string]int // guarded by mu; message: times taken
}

func (s *store) Limits() outputs.Limits { return s.limits }
func (s *store) Close() error           { return nil }

func (s *store) Send(_ context.Context, r *outputs.Request) error {
	var docs []string
	for i := range r.Docs {
		docs = append(docs, message(r.Docs[i].JSON))
	}
	return s.take(r, docs)
}

func (s *store) take(r *outputs.Request, docs []string) error {
	if len(docs) != r.Count {
		return fmt.Errorf("request of %d has %d documents", r.Count, len(docs))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	var err error
	if s.answer != nil {
		err = s.answer(s.tries, docs)
	}
	refused := map[int]bool{}
	var partial *outputs.Partial
	if errors.As(err, &partial) {
		for _, f := range partial.Failed {
			refused[f.Index] = true
		}
	} else if err != nil {
		return err
	}
	if s.docs == nil {
		s.docs = map[string]int{}
	}
	for i, d := range docs {
		if !refused[i] {
			s.docs[d]++
		}
	}
	return err
}

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.docs)
}

func (s *store) sends() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

func message(doc []byte) string {
	var d struct{ Message string }
	if err := json.Unmarshal(doc, &d); err != nil {
		return err.Error()
	}
	return d.Message
}

// wrapStore is a store that takes wrapped documents in gzip.
type wrapStore struct {
	store
	id uint64
}

func (s *wrapStore) Wrapping() uint64 { return s.id }

func (s *wrapStore) Wrap(dst []byte, d *event.Doc) ([]byte, int, error) {
	n := len(dst)
	dst = fmt.Appendf(dst, "#%s\n", d.ID.String())
	return append(append(dst, d.JSON...), '\n'), len(dst) - n, nil
}

func (s *wrapStore) Send(_ context.Context, r *outputs.Request) error {
	body := bytes.Join(r.Body, nil)
	if len(body) != r.BodySize {
		return fmt.Errorf("body of %d bytes, announced %d", len(body), r.BodySize)
	}
	zr, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(zr)
	if err != nil {
		return err
	}
	if len(raw) != r.Size {
		return fmt.Errorf("%d raw bytes, announced %d", len(raw), r.Size)
	}
	var docs []string
	for _, line := range bytes.Split(bytes.TrimSuffix(raw, []byte("\n")), []byte("\n")) {
		if line[0] != '#' {
			docs = append(docs, message(line))
		}
	}
	return s.take(r, docs)
}

// plan is a plan of one scripted input and some outputs.
func plan(t *testing.T, dir string, in *script, outs map[string]outputs.Output) *pipeline.Plan {
	t.Helper()
	p := &pipeline.Plan{
		Buffer:          buffer.Options{Dir: dir + "/buffer", MaxSize: 64 << 20, MinFree: -1, Ballast: -1},
		DeadLetters:     buffer.Options{Dir: dir + "/dlq", MaxSize: 8 << 20, MinFree: -1, Ballast: -1},
		ShutdownTimeout: 5 * time.Second,
		Graph: pipeline.GraphPlan{
			Chains:  map[string]pipeline.Chain{"fake.in": {Parser: rawParser{}}},
			Classes: []pipeline.Class{{Name: "standard"}}, Default: "standard",
		},
		Inputs: []pipeline.InputPlan{{Address: "fake.in", Open: func(inputs.Deps) (inputs.Input, error) { return in, nil }}},
	}
	for name, out := range outs {
		p.Outputs = append(p.Outputs, pipeline.OutputPlan{
			Address: name, DeadLetters: true, Cursor: buffer.CursorOptions{From: buffer.Oldest},
			Open: func(outputs.Deps) (outputs.Output, error) { return out, nil },
		})
	}
	return p
}

// run runs a plan until done is true, and shuts it down.
func run(t *testing.T, p *pipeline.Plan, done func() bool) {
	t.Helper()
	agent, err := pipeline.Open(p, pipeline.Env{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx, p) }()
	until(t, done)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition, for at most 20 seconds.
func until(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("nothing more happened in 20 s")
		}
	}
}

func lines(n int) []string {
	var l []string
	for i := range n {
		l = append(l, fmt.Sprintf("line %d", i))
	}
	return l
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func endsIn(end string) pipeline.Condition {
	return func(r event.Record) bool { return bytes.HasSuffix(r.Lookup("message").Text, []byte(end)) }
}
