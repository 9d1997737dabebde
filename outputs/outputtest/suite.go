package outputtest

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// Fault is something that goes wrong at a destination.
type Fault string

// The faults of the suite, and what Send must make of them.
const (
	RefusesSecond Fault = "refuses the second document" // *Partial, with index 1 and Poison; the rest is taken
	Throttles     Fault = "asks for a pause"            // *Throttled
	Unavailable   Fault = "is unavailable"              // an error of none of the named kinds
	Cuts          Fault = "cuts the connection"         // an error of none of the named kinds
	Garbage       Fault = "answers garbage"             // an error of none of the named kinds
	Half          Fault = "answers half"                // an error of none of the named kinds
	TooLarge      Fault = "refuses the size"            // ErrTooLarge
	Unauthorized  Fault = "refuses the credentials"     // *Misconfigured
	Hangs         Fault = "does not answer"             // Send returns within a second of ctx's end
)

// Target is an open output and the destination behind it.
type Target struct {
	Output outputs.Output
	// Stored returns the bare documents that the destination has taken, in
	// any order, each as often as it has it. It is called after a Send.
	Stored func() []string
	// Faults arrange what meets the next Send, and it alone. The suite leaves
	// out what is missing.
	Faults map[Fault]func()
}

// Open opens an output with an empty destination. The suite closes it.
type Open func(t *testing.T, d outputs.Deps) Target

// Deps returns what an output needs, with nothing that lasts.
func Deps(t *testing.T) outputs.Deps {
	return outputs.Deps{
		Name:    "test.main",
		Logger:  slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewRegistry(),
		Now:     time.Now,
		Dir:     t.TempDir(),
		Classes: Classes(),
		Version: "0.0.0-test",
	}
}

// Run tests an output against the contract.
func Run(t *testing.T, open Open) {
	t.Run("what is sent is stored as it was", func(t *testing.T) { stores(t, open) })
	t.Run("an empty request is no error", func(t *testing.T) { takesNothing(t, open) })
	t.Run("nothing of a request is kept", func(t *testing.T) { keepsNothing(t, open) })
	t.Run("requests can be sent at the same time", func(t *testing.T) { sendsTogether(t, open) })
	t.Run("an ended context ends Send", func(t *testing.T) { endsWithContext(t, open) })
	t.Run("no goroutine outlives Close", func(t *testing.T) { leavesNoGoroutine(t, open) })
	t.Run("metrics have the agent's prefix", func(t *testing.T) { namesMetrics(t, open) })
	t.Run("a wrapper wraps the same everywhere", func(t *testing.T) { wrapsAlike(t, open) })
	for _, f := range []Fault{RefusesSecond, Throttles, Unavailable, Cuts, Garbage, Half, TooLarge, Unauthorized} {
		t.Run("a destination that "+string(f), func(t *testing.T) { meets(t, open, f) })
	}
}

// started is a Target that is closed at the test's end.
func started(t *testing.T, open Open) Target {
	t.Helper()
	target := open(t, Deps(t))
	t.Cleanup(func() {
		if err := target.Output.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return target
}

// wantStored compares what is stored with docs, as often as they should be.
func wantStored(t *testing.T, target Target, docs []event.Doc) {
	t.Helper()
	want := make([]string, len(docs))
	for i := range docs {
		want[i] = string(docs[i].JSON)
	}
	got := target.Stored()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("stored:\n%s\nwant:\n%s", summary(got), summary(want))
	}
}

func summary(docs []string) string {
	text := strings.Join(docs[:min(len(docs), 5)], "\n")
	return fmt.Sprintf("(%d)\n%s", len(docs), text)
}
