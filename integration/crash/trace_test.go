//go:build integration

package crash

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

const frames = 12 // lines of a stack trace after its first

// traceWriter writes stack traces line by line, with pauses inside them.
type traceWriter struct {
	path   string
	traces atomic.Uint64 // that are whole
	inside atomic.Bool   // some lines of the next one are written
}

func (w *traceWriter) run(ctx context.Context, dice *rand.Rand) error {
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	for ctx.Err() == nil {
		n := w.traces.Load()
		for i := range frames + 1 {
			if _, err := f.WriteString(traceLine(n, i, time.Now())); err != nil {
				return err
			}
			w.inside.Store(i < frames)
			if dice.IntN(4) == 0 {
				rig.Pause(time.Duration(dice.IntN(8)) * time.Millisecond)
			}
		}
		w.traces.Add(1)
	}
	return nil
}

func traceLine(n uint64, i int, now time.Time) string {
	if i == 0 {
		return fmt.Sprintf("%s ERROR trace=%d; NullPointerException: no booking\n", now.UTC().Format(time.RFC3339Nano), n)
	}
	return fmt.Sprintf("\tat com.renthub.Booking.step%d(Booking.java:%d) frame=%d.%d;\n", i, 100+i, n, i)
}

// traceBook holds how often each trace came, and what came that is no whole
// trace.
type traceBook struct {
	mu     sync.Mutex
	came   map[uint64]int // guarded by mu
	broken []string       // guarded by mu
}

func (b *traceBook) add(doc []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var n uint64
	_, after, ok := bytes.Cut(doc, []byte("trace="))
	if ok {
		_, err := fmt.Sscanf(string(after), "%d;", &n)
		ok = err == nil
	}
	for i := 1; ok && i <= frames; i++ {
		ok = bytes.Contains(doc, fmt.Appendf(nil, "frame=%d.%d;", n, i))
	}
	if !ok || bytes.Count(doc, []byte("trace=")) != 1 {
		b.broken = append(b.broken, string(doc))
		return
	}
	b.came[n]++
}

// whole is how many different traces came.
func (b *traceBook) whole() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return uint64(len(b.came))
}

func TestKilledInsideAStackTraceItShipsEachOnceAndWhole(t *testing.T) {
	t.Logf("seed %d: run again with -seed=%[1]d", *seed)
	dice := rand.New(rand.NewPCG(*seed, 3))
	book := &traceBook{came: map[uint64]int{}}
	store := rig.NewStore(t, essim.Options{
		Delay: 50 * time.Millisecond, DropAnswers: 0.1, Seed: *seed,
		OnDoc: func(_, _ string, doc []byte) { book.add(doc) },
	})
	c := rig.Config{
		Dir:     t.TempDir(),
		Input:   []string{`parser = "raw"`, "multiline {", `  start = "^\\d{4}-"`, "}"},
		Outputs: []string{rig.Elasticsearch("store", store.URL())},
	}
	config := c.Write(t)
	w := &traceWriter{path: filepath.Join(c.Logs(), "traces.log")}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- w.run(ctx, rand.New(rand.NewPCG(*seed, 4))) }()

	kills, inside := max(10, *cycles/4), 0
	for range kills {
		a := rig.Start(t, config)
		rig.Eventually(t, startMost, func() string { return "a first request; the agent says: " + a.Log() },
			func() bool { return store.LastRequest().After(a.Began) })
		rig.Pause(time.Duration(dice.IntN(300)) * time.Millisecond)
		rig.Eventually(t, time.Second, func() string { return "the middle of a trace" }, w.inside.Load)
		a.Kill()
		if w.inside.Load() {
			inside++
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	a := rig.Start(t, config)
	rig.Eventually(t, startMost, func() string {
		return fmt.Sprintf("%d of %d traces; the agent says: %s", book.whole(), w.traces.Load(), a.Log())
	}, func() bool { return book.whole() >= w.traces.Load() })
	rig.Pause(time.Second)
	a.Stop(t)

	t.Logf("%d kills, %d of them inside a trace; %d traces", kills, inside, w.traces.Load())
	if inside*2 < kills {
		t.Errorf("only %d of %d kills were inside a trace", inside, kills)
	}
	book.demand(t, w.traces.Load())
}

// demand fails the test unless each trace came once and nothing else did.
func (b *traceBook) demand(t *testing.T, traces uint64) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := range traces {
		if b.came[n] != 1 {
			t.Errorf("trace %d came %d times", n, b.came[n])
		}
	}
	if len(b.broken) > 0 {
		t.Errorf("%d documents are no whole trace, the first: %s", len(b.broken), strings.Join(b.broken[:min(3, len(b.broken))], "\n"))
	}
}
