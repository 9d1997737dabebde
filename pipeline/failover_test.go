package pipeline_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/pipeline"
)

// fallible is a store that can be down, and says so when it is checked.
type fallible struct {
	store
	down   atomic.Bool
	checks atomic.Int64
}

func (f *fallible) Send(ctx context.Context, r *outputs.Request) error {
	if f.down.Load() {
		return errors.New("down")
	}
	return f.store.Send(ctx, r)
}

func (f *fallible) Check(context.Context) []outputs.Finding {
	f.checks.Add(1)
	if f.down.Load() {
		return []outputs.Finding{{Step: "connect", Status: outputs.CheckFailed}}
	}
	return []outputs.Finding{{Step: "connect"}}
}

func TestAStandbyTakesOverAndHandsBack(t *testing.T) {
	primary, standby := &fallible{}, &fallible{}
	dir := t.TempDir()
	p := plan(t, dir, &script{lines: lines(3000), id: 1, each: 10, after: func(n int) {
		switch n { // the script goes on once the one that is to take them has all
		case 1000:
			until(t, func() bool { return primary.count() == 1000 })
			primary.down.Store(true)
		case 2000:
			until(t, func() bool { return standby.count() == 1000 })
			before := primary.checks.Load() // one is made at the start
			until(t, func() bool { return primary.checks.Load() > before+1 })
			primary.down.Store(false)
			before = primary.checks.Load()
			until(t, func() bool { return primary.checks.Load() > before })
		}
	}}, map[string]outputs.Output{"a.out": primary})
	p.Outputs[0].Standby = &pipeline.StandbyPlan{
		OutputPlan: pipeline.OutputPlan{Address: "b.out", Open: func(outputs.Deps) (outputs.Output, error) { return standby, nil }},
		After:      time.Second,
	}
	run(t, p, func() bool { return primary.count()+standby.count() == 3000 && primary.count() > 1000 })
	for line, n := range primary.docs {
		if n+standby.docs[line] != 1 {
			t.Errorf("%q came %d times", line, n+standby.docs[line])
		}
	}
}

func TestWithBothDownNothingIsLost(t *testing.T) {
	primary, standby := &fallible{}, &fallible{}
	primary.down.Store(true)
	standby.down.Store(true)
	p := plan(t, t.TempDir(), &script{lines: lines(500), id: 1, each: 10}, map[string]outputs.Output{"a.out": primary})
	p.Outputs[0].Standby = &pipeline.StandbyPlan{
		OutputPlan: pipeline.OutputPlan{Address: "b.out", Open: func(outputs.Deps) (outputs.Output, error) { return standby, nil }},
		After:      time.Second,
	}
	began := time.Now()
	run(t, p, func() bool {
		if time.Since(began) > 5*time.Second {
			standby.down.Store(false)
		}
		return standby.count() == 500
	})
	want(t, "standby", &standby.store, 500)
}
