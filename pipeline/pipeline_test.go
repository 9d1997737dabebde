package pipeline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/pipeline"
)

// want fails unless a store has each of n lines just once.
func want(t *testing.T, name string, s *store, n int) {
	t.Helper()
	if got := s.count(); got != n {
		t.Errorf("%s has %d lines, want %d", name, got, n)
	}
	for line, times := range s.docs {
		if times != 1 {
			t.Errorf("%s has %q %d times", name, line, times)
		}
	}
}

func TestEveryOutputGetsEveryLineOnce(t *testing.T) {
	bare, wrapped, other := &store{}, &wrapStore{id: 5}, &wrapStore{id: 6}
	p := plan(t, t.TempDir(), &script{lines: lines(1000), id: 1, each: 7}, map[string]outputs.Output{"a.bare": bare, "b.wrapped": wrapped, "c.other": other})
	run(t, p, func() bool { return bare.count() == 1000 && wrapped.count() == 1000 && other.count() == 1000 })
	want(t, "bare", bare, 1000)
	want(t, "wrapped", &wrapped.store, 1000)
	want(t, "other", &other.store, 1000)
}

func TestARestartGoesOnWhereItStopped(t *testing.T) {
	dir := t.TempDir()
	s := &wrapStore{}
	out := map[string]outputs.Output{"a.out": s}
	run(t, plan(t, dir, &script{lines: lines(300), id: 1, each: 10}, out), func() bool { return s.count() == 300 })
	run(t, plan(t, dir, &script{lines: lines(500), id: 1, each: 10}, out), func() bool { return s.count() == 500 })
	want(t, "out", &s.store, 500)
}

func TestWhatIsLeftAtShutdownIsDeliveredAfterTheNextStart(t *testing.T) {
	dir := t.TempDir()
	down := &store{answer: func(int, []string) error { return errors.New("down") }}
	p := plan(t, dir, &script{lines: lines(100), id: 1, each: 10}, map[string]outputs.Output{"a.out": down})
	p.ShutdownTimeout = 100 * time.Millisecond
	run(t, p, func() bool { return down.sends() > 0 })
	up := &store{}
	run(t, plan(t, dir, &script{lines: lines(100), id: 1, each: 10}, map[string]outputs.Output{"a.out": up}), func() bool { return up.count() == 100 })
	want(t, "out", up, 100)
}

// partly refuses every third document: the poisoned for ever, the others at
// the first try.
func partly(try int, docs []string) error {
	p := &outputs.Partial{}
	for i, d := range docs {
		switch {
		case strings.HasSuffix(d, "7"):
			p.Failed = append(p.Failed, outputs.Failure{Index: i, Answer: outputs.Poison, Reason: "mapping conflict"})
		case try == 1 && i%3 == 0:
			p.Failed = append(p.Failed, outputs.Failure{Index: i, Answer: outputs.Retry, Reason: "queue full"})
		}
	}
	if len(p.Failed) == 0 {
		return nil
	}
	return p
}

func TestFailedDocumentsAreRetriedAloneAndPoisonedOnesBecomeDeadLetters(t *testing.T) {
	for _, name := range []string{"bare", "wrapped"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := &wrapStore{store: store{answer: partly}}
			s, out := &w.store, outputs.Output(w)
			if name == "bare" {
				out = s
			}
			run(t, plan(t, dir, &script{lines: lines(100), id: 1, each: 30}, map[string]outputs.Output{"a.out": out}), func() bool { return s.count() == 90 })
			want(t, name, s, 90)
			var dead []string
			err := pipeline.ReadDeadLetters(dir+"/dlq", func(l pipeline.DeadLetter) bool {
				dead = append(dead, message(l.Document))
				if l.Reason != "mapping conflict" || l.Output != "a.out" {
					t.Errorf("dead letter of %s because of %q", l.Output, l.Reason)
				}
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(dead) != 10 {
				t.Errorf("%d dead letters, want 10: %q", len(dead), dead)
			}
		})
	}
}

func TestARequestThatIsTooLargeIsSplit(t *testing.T) {
	w := &wrapStore{}
	w.answer = func(_ int, docs []string) error {
		if len(docs) > 3 || contains(docs, "line 5") {
			return outputs.ErrTooLarge
		}
		return nil
	}
	run(t, plan(t, t.TempDir(), &script{lines: lines(50), id: 1, each: 25}, map[string]outputs.Output{"a.out": w}), func() bool { return w.count() == 49 })
	want(t, "out", &w.store, 49)
}

func TestADeadOutputDoesNotHoldUpAnother(t *testing.T) {
	dead := &store{answer: func(int, []string) error { return &outputs.Misconfigured{Err: errors.New("no token")} }}
	good := &store{}
	p := plan(t, t.TempDir(), &script{lines: lines(2000), id: 1, each: 10}, map[string]outputs.Output{"a.dead": dead, "b.good": good})
	p.ShutdownTimeout = 100 * time.Millisecond
	run(t, p, func() bool { return good.count() == 2000 })
	want(t, "good", good, 2000)
}

func TestRoutesChooseOutputs(t *testing.T) {
	a, b := &store{}, &wrapStore{}
	p := plan(t, t.TempDir(), &script{lines: lines(100), id: 1, each: 9}, map[string]outputs.Output{"x.a": a, "x.b": b})
	p.Routes = []pipeline.Route{
		{Name: "sevens", Where: endsIn("7"), Hash: 7, To: []string{"x.a"}},
		{Name: "eights", Where: endsIn("8"), Hash: 8, To: []string{"x.a", "x.b"}},
		{Name: "rest", To: []string{"x.b"}},
	}
	run(t, p, func() bool { return a.count() == 20 && b.count() == 90 })
	want(t, "a", a, 20)
	want(t, "b", &b.store, 90)
}

func TestWhatLacksARequiredFieldGoesNowhereButToTheDeadLetters(t *testing.T) {
	dir := t.TempDir()
	a, b := &store{}, &wrapStore{}
	p := plan(t, dir, &script{lines: lines(100), id: 1, each: 9}, map[string]outputs.Output{"x.a": a, "x.b": b})
	p.Routes = []pipeline.Route{
		{Name: "sevens", Where: endsIn("7"), Hash: 7, To: []string{"x.a"}, Require: []string{"message", "kubernetes.pod.name"}},
		{Name: "eights", Where: endsIn("8"), Hash: 8, To: []string{"x.a"}, Require: []string{"message"}},
		{Name: "nines", Where: endsIn("9"), Hash: 9, To: []string{"x.a", "x.b"}},
	} // and no route for the rest: it goes to all
	var dead []string
	run(t, p, func() bool {
		dead = nil
		err := pipeline.ReadDeadLetters(dir+"/dlq", func(l pipeline.DeadLetter) bool {
			dead = append(dead, message(l.Document))
			if l.Output != "route.sevens" || l.Reason != "field kubernetes.pod.name is missing, which the route requires" {
				t.Fatalf("dead letter of %s because of %q", l.Output, l.Reason)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return a.count() == 90 && b.count() == 80 && len(dead) == 10
	})
	want(t, "a", a, 90)
	want(t, "b", &b.store, 80)
	for _, line := range dead {
		if !strings.HasSuffix(line, "7") {
			t.Errorf("%q is a dead letter", line)
		}
	}
}

func TestThePlanChoosesTheOutputThatBlocksAreMadeReadyFor(t *testing.T) {
	for choice, wrapping := range map[string]uint64{"": 5, "b.second": 6, "c.bare": 5} {
		t.Run("choice "+choice, func(t *testing.T) {
			dir := t.TempDir()
			s := &wrapStore{id: 6}
			p := plan(t, dir, &script{lines: lines(10), id: 1, each: 10}, nil)
			for name, out := range map[string]outputs.Output{"a.first": &wrapStore{id: 5}, "b.second": s, "c.bare": &store{}} {
				p.Outputs = append(p.Outputs, pipeline.OutputPlan{Address: name, Open: func(outputs.Deps) (outputs.Output, error) { return out, nil }})
			}
			slices.SortFunc(p.Outputs, func(a, b pipeline.OutputPlan) int { return strings.Compare(a.Address, b.Address) })
			p.Wrapping = choice
			run(t, p, func() bool { return s.count() == 10 })
			r, err := buffer.OpenReader(dir + "/buffer")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for {
				rec, err := r.Next()
				if err != nil {
					t.Fatal("no record with documents: ", err)
				}
				if rec.Count == 0 {
					continue
				}
				var b event.Block
				if err := b.DecodeHead(rec.Index); err != nil || b.Wrapping != wrapping {
					t.Errorf("wrapping %d, %v, want %d", b.Wrapping, err, wrapping)
				}
				return
			}
		})
	}
}
