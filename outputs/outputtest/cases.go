package outputtest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

const patience = 10 * time.Second

func send(t *testing.T, target Target, docs []event.Doc) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r := Request(t, target.Output, docs)
	err := target.Output.Send(ctx, r)
	Poison(r)
	return err
}

func stores(t *testing.T, open Open) {
	target := started(t, open)
	if got := target.Output.Limits(); got.InFlight < 1 {
		t.Errorf("limits allow %d requests at a time, want at least 1", got.InFlight)
	}
	docs := Docs(100)
	for chunk := range slices.Chunk(docs, 40) {
		if err := send(t, target, chunk); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	wantStored(t, target, docs)
}

func takesNothing(t *testing.T, open Open) {
	target := started(t, open)
	if err := target.Output.Send(t.Context(), &outputs.Request{}); err != nil {
		t.Errorf("send: %v", err)
	}
	wantStored(t, target, nil)
}

func keepsNothing(t *testing.T, open Open) {
	target := started(t, open)
	docs := Docs(3)
	if err := send(t, target, docs); err != nil { // poisons the request's memory
		t.Fatalf("send: %v", err)
	}
	if err := send(t, target, DocsFrom(3, 3)); err != nil {
		t.Fatalf("send again: %v", err)
	}
	wantStored(t, target, append(docs, DocsFrom(3, 3)...))
}

func sendsTogether(t *testing.T, open Open) {
	target := started(t, open)
	var all []event.Doc
	var wg sync.WaitGroup
	for k := range target.Output.Limits().InFlight {
		docs := DocsFrom(k*50, 50)
		all = append(all, docs...)
		wg.Go(func() {
			if err := send(t, target, docs); err != nil {
				t.Errorf("send: %v", err)
			}
		})
	}
	wg.Wait()
	wantStored(t, target, all)
}

func endsWithContext(t *testing.T, open Open) {
	target := started(t, open)
	hang, ok := target.Faults[Hangs]
	if !ok {
		t.Skip("this destination cannot hang")
	}
	if err := send(t, target, Docs(1)); err != nil { // so that nothing but the documents is asked for
		t.Fatalf("send: %v", err)
	}
	hang()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	r := Request(t, target.Output, DocsFrom(1, 5))
	err := target.Output.Send(ctx, r)
	Poison(r)
	if err == nil {
		t.Error("send: got no error from a destination that did not answer")
	}
	if took := time.Since(start); took > 50*time.Millisecond+time.Second {
		t.Errorf("send returned %v after its context ended, want within a second", took)
	}
	wantPlain(t, err)
}

func leavesNoGoroutine(t *testing.T, open Open) {
	target := open(t, Deps(t))
	before := runtime.NumGoroutine() // the destination's are among them
	if err := send(t, target, Docs(10)); err != nil {
		t.Fatalf("send: %v", err)
	}
	if err := target.Output.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-deadline:
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, want %d:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func namesMetrics(t *testing.T, open Open) {
	d := Deps(t)
	registry := prometheus.NewRegistry()
	d.Metrics = registry
	target := open(t, d)
	defer target.Output.Close()
	again := open(t, d) // a reload opens an output with a registry that knows it
	defer again.Output.Close()
	families, err := registry.Gather()
	if err != nil {
		t.Fatalf("gather: %v", err)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "sluice_") {
			t.Errorf("metric %s: want the prefix sluice_", f.GetName())
		}
	}
}

func wrapsAlike(t *testing.T, open Open) {
	one, ok := started(t, open).Output.(outputs.Wrapper)
	if !ok {
		t.Skip("not a wrapper")
	}
	other := started(t, open).Output.(outputs.Wrapper)
	docs := Docs(20)
	var tail []byte
	for i := range docs {
		d := &docs[i]
		before := []byte("what stands before")
		got, at, err := one.Wrap(bytes.Clone(before), d)
		if err != nil {
			t.Fatalf("wrap: %v", err)
		}
		body := got[len(before):]
		if !bytes.HasPrefix(got, before) || !bytes.HasPrefix(body[at:], d.JSON) {
			t.Fatalf("wrapped %q: no document at %d", body, at)
		}
		if i == 0 {
			tail = body[at+len(d.JSON):]
		}
		if end := body[at+len(d.JSON):]; !bytes.Equal(end, tail) {
			t.Errorf("document %d is followed by %q, the first by %q", i, end, tail)
		}
		same, _, err := other.Wrap(nil, d)
		if err != nil || one.Wrapping() == other.Wrapping() && !bytes.Equal(same, body) {
			t.Errorf("same settings, other bytes: got %q, want %q (%v)", same, body, err)
		}
	}
}

// meets sends documents to a destination with a fault, and then again.
func meets(t *testing.T, open Open, f Fault) {
	target := started(t, open)
	arrange, ok := target.Faults[f]
	if !ok {
		t.Skip("not with this destination")
	}
	if err := send(t, target, Docs(1)); err != nil {
		t.Fatalf("send without the fault: %v", err)
	}
	arrange()
	docs := DocsFrom(1, 5)
	err := send(t, target, docs)
	if err == nil {
		t.Fatal("send: got no error")
	}
	var partial *outputs.Partial
	var throttled *outputs.Throttled
	var config *outputs.Misconfigured
	switch f {
	case RefusesSecond:
		if !errors.As(err, &partial) || len(partial.Failed) != 1 || partial.Failed[0].Index != 1 ||
			partial.Failed[0].Answer != outputs.Poison || partial.Failed[0].Reason == "" {
			t.Fatalf("send: got %#v, want Partial with document 1 as poison and a reason", err)
		}
		wantStored(t, target, append(Docs(2), DocsFrom(3, 3)...))
		return
	case Throttles:
		if !errors.As(err, &throttled) {
			t.Errorf("send: got %v, want Throttled", err)
		}
	case TooLarge:
		if !errors.Is(err, outputs.ErrTooLarge) {
			t.Errorf("send: got %v, want ErrTooLarge", err)
		}
	case Unauthorized:
		if !errors.As(err, &config) {
			t.Errorf("send: got %v, want Misconfigured", err)
		}
	default:
		wantPlain(t, err)
	}
	if err := send(t, target, docs); err != nil {
		t.Errorf("send after the fault: %v", err)
	}
	for _, d := range docs {
		if !slices.Contains(target.Stored(), string(d.JSON)) {
			t.Errorf("not stored after a second try: %s", d.JSON)
		}
	}
}

// wantPlain checks that err means: send all of it again.
func wantPlain(t *testing.T, err error) {
	t.Helper()
	var partial *outputs.Partial
	var throttled *outputs.Throttled
	var config *outputs.Misconfigured
	var poisoned *outputs.Poisoned
	if errors.As(err, &partial) || errors.As(err, &throttled) || errors.As(err, &config) || errors.As(err, &poisoned) || errors.Is(err, outputs.ErrTooLarge) {
		t.Errorf("send: got %v, want an error that means: send all of it again", err)
	}
}
