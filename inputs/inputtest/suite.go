package inputtest

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
)

// Subject is an input over a source that the suite can write to.
type Subject struct {
	// Open makes the input, over the same source each time that it is called.
	Open func(t *testing.T, d inputs.Deps) inputs.Input
	// Write makes the source hold further lines. It is called before and while the input runs.
	Write func(t *testing.T, lines ...string)
	// Reread says that what was written can be read again after a restart.
	Reread bool
}

// Deps are what the suite gives an input to work with.
func Deps(t testing.TB) inputs.Deps {
	return inputs.Deps{Name: "test.subject", Logger: logger(t), Metrics: prometheus.NewRegistry(), Pool: &event.Pool{}, Now: time.Now}
}

// Run holds an input to what inputs.Input and inputs.Emit promise. New makes a fresh source each time.
func Run(t *testing.T, new func(t *testing.T) Subject) {
	t.Run("lines come in order, once, and every byte is accounted for", func(t *testing.T) { testOrder(t, new(t)) })
	t.Run("batches belong to whom they were given", func(t *testing.T) { testOwnership(t, new(t)) })
	t.Run("Run returns within a second while it waits for lines", func(t *testing.T) { testIdleStop(t, new(t)) })
	t.Run("Run returns within a second while the buffer is full", func(t *testing.T) { testFullStop(t, new(t)) })
	t.Run("Run returns the error of a pipeline that stops", func(t *testing.T) { testEmitError(t, new(t)) })
	t.Run("a full buffer loses nothing", func(t *testing.T) { testBackpressure(t, new(t)) })
	t.Run("Report can be called at any time", func(t *testing.T) { testReport(t, new(t)) })
	if new(t).Reread {
		t.Run("a restart goes on at the saved positions", func(t *testing.T) { testResume(t, new(t)) })
		t.Run("what is read again after a crash has the same ids", func(t *testing.T) { testStableIDs(t, new(t)) })
	}
}

func numbered(from, to int) []string {
	var lines []string
	for i := from; i < to; i++ {
		lines = append(lines, "line "+strconv.Itoa(i)+" "+strings.Repeat("x", i%100))
	}
	return lines
}

// start runs the subject into a new sink, and checks at the end that no goroutine is left.
func start(t *testing.T, s Subject, sink *Sink, saved inputs.Positions) *Running {
	t.Helper()
	before := runtime.NumGoroutine()
	d := Deps(t)
	sink.Pool = d.Pool
	r := Start(t, s.Open(t, d), saved, sink.Emit)
	t.Cleanup(func() {
		r.Stop(t)
		for _, v := range sink.Violations() {
			t.Errorf("broken promise: %s", v)
		}
		for deadline := time.Now().Add(time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<16)
				t.Errorf("got %d goroutines, want the %d from before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
				return
			}
		}
	})
	return r
}

func same(t *testing.T, sink *Sink, want []string) {
	t.Helper()
	if diff := cmp.Diff(sink.Texts(), want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff[:min(len(diff), 2000)])
	}
}

func testOrder(t *testing.T, s Subject) {
	sink := NewSink()
	s.Write(t, numbered(0, 500)...)
	start(t, s, sink, nil)
	s.Write(t, numbered(500, 1000)...)
	sink.WaitLines(t, 1000)
	same(t, sink, numbered(0, 1000))
}

// The sink poisons each batch and gives it to the pool while the input goes on: what it kept of one would show in a line.
func testOwnership(t *testing.T, s Subject) {
	sink := NewSink()
	start(t, s, sink, nil)
	for i := range 20 {
		s.Write(t, numbered(i*50, i*50+50)...)
		sink.WaitLines(t, i*50+50)
	}
	same(t, sink, numbered(0, 1000))
}

func testIdleStop(t *testing.T, s Subject) {
	sink := NewSink()
	r := start(t, s, sink, nil)
	s.Write(t, "one")
	sink.WaitLines(t, 1)
	r.Stop(t)
}

func testFullStop(t *testing.T, s Subject) {
	sink := NewSink()
	full := make(chan struct{}, 100)
	sink.Gate = func(ctx context.Context) error {
		full <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	s.Write(t, "one")
	r := start(t, s, sink, nil)
	<-full
	r.Stop(t)
}

func testEmitError(t *testing.T, s Subject) {
	sink := NewSink()
	stopped := errors.New("the pipeline stops")
	sink.Gate = func(context.Context) error { return stopped }
	s.Write(t, "one")
	r := start(t, s, sink, nil)
	if err := r.WaitEnd(t); !errors.Is(err, stopped) {
		t.Errorf("Run returned %v, want what emit returned", err)
	}
}

func testBackpressure(t *testing.T, s Subject) {
	sink := NewSink()
	room := make(chan struct{})
	sink.Gate = func(ctx context.Context) error {
		select {
		case <-room:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	start(t, s, sink, nil)
	s.Write(t, numbered(0, 2000)...)
	close(room)
	sink.WaitLines(t, 2000)
	same(t, sink, numbered(0, 2000))
}

func testReport(t *testing.T, s Subject) {
	sink := NewSink()
	d := Deps(t)
	in := s.Open(t, d)
	reporter, ok := in.(inputs.Reporter)
	if !ok {
		t.Skip("it does not report")
	}
	reporter.Report()
	Start(t, in, nil, sink.Emit)
	s.Write(t, "one")
	sink.WaitLines(t, 1)
	sink.Wait(t, "a report of the line", func() bool {
		for _, st := range reporter.Report() {
			if st.Offset > 0 && !st.LastRow.IsZero() {
				return true
			}
		}
		return false
	})
}

func testResume(t *testing.T, s Subject) {
	sink := NewSink()
	s.Write(t, numbered(0, 300)...)
	r := start(t, s, sink, nil)
	sink.WaitLines(t, 300)
	r.Stop(t)
	s.Write(t, numbered(300, 600)...)
	start(t, s, sink, sink.Positions())
	sink.WaitLines(t, 600)
	same(t, sink, numbered(0, 600))
}

func testStableIDs(t *testing.T, s Subject) {
	sink := NewSink()
	r := start(t, s, sink, nil)
	for i := range 10 {
		s.Write(t, numbered(i*30, i*30+30)...)
		sink.WaitLines(t, i*30+30)
	}
	r.Stop(t)
	first := sink.Lines()
	for _, cuts := range []int{sink.Cuts() - 1, sink.Cuts() / 2, 1} {
		sink.Crash(cuts)
		r := start(t, s, sink, sink.Positions())
		sink.WaitLines(t, len(first))
		r.Stop(t)
		if diff := cmp.Diff(sink.Lines(), first); diff != "" {
			t.Fatalf("after a crash at cut %d (-got +want):\n%s", cuts, diff[:min(len(diff), 2000)])
		}
	}
}
