package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/renthub/sluice/outputs"
)

const (
	checkDelay   = 2 * time.Second  // from the start to the check of the outputs
	checkTimeout = 30 * time.Second // of both. Nothing waits for it
)

// Check lets all outputs that can find out what would go wrong do so, at the
// same time, and logs what is not in order. It sends nothing.
func (a *Agent) Check(ctx context.Context) {
	a.mu.Lock()
	checkers := map[string]outputs.Checker{}
	for name, o := range a.outputs {
		if c, ok := o.out.(outputs.Checker); ok {
			checkers[name] = c
		}
		if c, ok := o.standby.(outputs.Checker); ok {
			checkers[o.plan.Standby.Address] = c
		}
	}
	a.mu.Unlock()
	var all sync.WaitGroup
	defer all.Wait()
	for name, c := range checkers {
		all.Go(func() {
			for _, f := range c.Check(ctx) {
				if f.Status != outputs.CheckPassed && ctx.Err() == nil {
					a.env.Logger.Warn("output is not in order", "output", name, "step", f.Step, "status", f.Status.String(), "detail", f.Detail, "hint", f.Hint)
				}
			}
		})
	}
}
