package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/pipeline"
)

// ways is a destination with a target for each value of its function. Targets
// that are down refuse everything.
type ways struct {
	store
	target func(line string) string

	mu    sync.Mutex
	down  map[string]bool
	busy  map[string]bool
	lines map[string][]string // taken, in order
	wrong []string
}

func newWays() *ways {
	w := &ways{down: map[string]bool{}, busy: map[string]bool{}, lines: map[string][]string{}}
	w.limits.InFlight = 3
	w.target = func(line string) string { return "t" + line[len(line)-1:] }
	return w
}

func (w *ways) Partition(dst []byte, d *event.Doc) []byte {
	return append(dst, w.target(message(d.JSON))...)
}

func (w *ways) Send(ctx context.Context, r *outputs.Request) error {
	w.mu.Lock()
	down := w.down[r.Target]
	if w.busy[r.Target] {
		w.wrong = append(w.wrong, "two requests of "+r.Target+" at a time")
	}
	w.busy[r.Target] = true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.busy[r.Target] = false
	}()
	if down {
		return errors.New(r.Target + " is down")
	}
	if err := w.store.Send(ctx, r); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range r.Docs {
		line := message(r.Docs[i].JSON)
		if got := w.target(line); got != r.Target {
			w.wrong = append(w.wrong, fmt.Sprintf("%q in a request for %q", line, r.Target))
		}
		w.lines[r.Target] = append(w.lines[r.Target], line)
	}
	return nil
}

func (w *ways) setDown(target string, down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[target] = down
}

// check fails unless each target got its share of n lines once and in order.
func (w *ways) check(t *testing.T, n int) {
	t.Helper()
	want(t, "store", &w.store, n)
	for _, text := range w.wrong {
		t.Error(text)
	}
	expected := map[string][]string{}
	for _, line := range lines(n) {
		expected[w.target(line)] = append(expected[w.target(line)], line)
	}
	for target, list := range expected {
		if !slices.Equal(w.lines[target], list) {
			t.Errorf("%s got %d lines, want %d in their order", target, len(w.lines[target]), len(list))
		}
	}
}

func waysPlan(t *testing.T, dir string, in *script, out outputs.Output) *pipeline.Plan {
	t.Helper()
	p := plan(t, dir, in, map[string]outputs.Output{"a.out": out})
	p.Outputs[0].Held = dir + "/held/a.out"
	p.ShutdownTimeout = 100 * time.Millisecond
	return p
}

func TestEachTargetGetsItsLinesInOrder(t *testing.T) {
	w := newWays()
	run(t, waysPlan(t, t.TempDir(), &script{lines: lines(2000), id: 1, each: 37}, w), func() bool { return w.count() == 2000 })
	w.check(t, 2000)
}

func TestATargetInTroubleDoesNotHoldUpTheOthers(t *testing.T) {
	dir := t.TempDir()
	w := newWays()
	w.setDown("t3", true)
	run(t, waysPlan(t, dir, &script{lines: lines(4000), id: 1, each: 20}, w), func() bool {
		if w.count() == 3600 && len(folders(dir)) == 1 {
			w.setDown("t3", false)
		}
		return w.count() == 4000 && len(folders(dir)) == 0
	})
	w.check(t, 4000)
}

// A target that recovers while much is held for it gets all of it, though more
// comes all the time.
func TestATargetThatComesAndGoesGetsEverything(t *testing.T) {
	dir := t.TempDir()
	w := newWays()
	next := time.Now()
	down := false
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	in := &script{lines: lines(6000), id: 1, each: 5, after: func(int) { <-pace.C }}
	run(t, waysPlan(t, dir, in, w), func() bool {
		if time.Now().After(next) && w.count() < 5000 {
			down = !down
			w.setDown("t3", down)
			next = time.Now().Add(300 * time.Millisecond)
		}
		if w.count() >= 5000 {
			w.setDown("t3", false)
		}
		return w.count() == 6000 && len(folders(dir)) == 0
	})
	w.check(t, 6000)
}

func TestHeldDocumentsOutliveTheAgent(t *testing.T) {
	dir := t.TempDir()
	w := newWays()
	w.setDown("t3", true)
	held := func() bool { return w.count() >= 900 && len(folders(dir)) == 1 }
	run(t, waysPlan(t, dir, &script{lines: lines(1000), id: 1, each: 20}, w), held)
	if got := w.count(); got != 900 {
		t.Fatalf("%d lines came, want 900", got)
	}
	w.setDown("t3", false)
	run(t, waysPlan(t, dir, &script{lines: lines(1200), id: 1, each: 20}, w), func() bool { return w.count() == 1200 && len(folders(dir)) == 0 })
	w.check(t, 1200)
}

func TestHeldDocumentsGoWhereTheConfigSaysNow(t *testing.T) {
	dir := t.TempDir()
	w := newWays()
	w.setDown("t3", true)
	run(t, waysPlan(t, dir, &script{lines: lines(1000), id: 1, each: 20}, w), func() bool { return w.count() >= 900 && len(folders(dir)) == 1 })
	w.target = func(line string) string { return "new" + line[len(line)-1:] }
	run(t, waysPlan(t, dir, &script{lines: lines(1200), id: 1, each: 20}, w), func() bool { return w.count() == 1200 && len(folders(dir)) == 0 })
	want(t, "store", &w.store, 1200)
	for _, text := range w.wrong {
		t.Error(text)
	}
}

func TestADestinationThatIsDownHoldsNothing(t *testing.T) {
	dir := t.TempDir()
	w := newWays()
	for i := range 10 {
		w.setDown(fmt.Sprint("t", i), true)
	}
	began := time.Now()
	run(t, waysPlan(t, dir, &script{lines: lines(1000), id: 1, each: 20}, w), func() bool {
		if time.Since(began) > 2*time.Second {
			for i := range 10 {
				w.setDown(fmt.Sprint("t", i), false)
			}
		}
		if len(folders(dir)) > 0 && w.count() == 0 {
			t.Fatal("documents are held although no target takes any")
		}
		return w.count() == 1000
	})
	want(t, "store", &w.store, 1000)
}

// indexes is a Wrapper of which some targets are not allowed.
type indexes struct {
	wrapStore
	mu     sync.Mutex
	denied string
}

func (x *indexes) Partition(dst []byte, d *event.Doc) []byte {
	line := message(d.JSON)
	return append(dst, line[len(line)-1])
}

func (x *indexes) deny(target string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.denied = target
}

// refuse answers as HEC does: what stands before the first bad one is taken.
func (x *indexes) refuse(_ int, docs []string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	p := &outputs.Partial{}
	for i, d := range docs {
		switch {
		case x.denied != "" && strings.HasSuffix(d, x.denied):
			p.Failed = append(p.Failed, outputs.Failure{Index: i, Answer: outputs.NeedConfig, Reason: "incorrect index"})
		case len(p.Failed) > 0:
			p.Failed = append(p.Failed, outputs.Failure{Index: i, Answer: outputs.Retry, Reason: "after a bad one"})
		}
	}
	if len(p.Failed) == 0 {
		return nil
	}
	return p
}

func TestOneIndexThatIsNotAllowedIsSetApart(t *testing.T) {
	dir := t.TempDir()
	x := &indexes{wrapStore: wrapStore{id: 5}, denied: "3"}
	x.answer = x.refuse
	run(t, waysPlan(t, dir, &script{lines: lines(3000), id: 1, each: 50}, x), func() bool {
		if x.count() == 2700 && len(folders(dir)) == 1 {
			x.deny("")
		}
		return x.count() == 3000
	})
	want(t, "store", &x.store, 3000)
}

func folders(dir string) []string {
	list, err := filepath.Glob(dir + "/held/a.out/*")
	if err != nil {
		return nil
	}
	return list
}

func TestRequestsOfNothingButARefusedIndexHoldUpNoOther(t *testing.T) {
	dir := t.TempDir()
	x := &indexes{wrapStore: wrapStore{id: 5}, denied: "3"}
	x.answer = x.refuse
	x.limits.InFlight = 2
	var text []string
	for range 100 {
		text = append(text, "refused 3")
	}
	text = append(text, lines(1000)...)
	run(t, waysPlan(t, dir, &script{lines: text, id: 1, each: 1}, x), func() bool {
		return x.count() == 900 && len(folders(dir)) == 1
	})
	want(t, "store", &x.store, 900)
}
