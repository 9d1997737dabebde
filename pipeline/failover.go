package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/renthub/sluice/outputs"
)

const (
	probeInterval = 30 * time.Second // between two looks at a primary that is down
	probeTimeout  = 10 * time.Second
	downInterval  = time.Second // between two looks at whether an output is down
)

// deliverPair is the delivery of an output that has a standby: one place in the
// log, and one of the two outputs at a time. The standby takes over when the
// primary took nothing for the plan's After, and hands back when the primary
// passes its check. What was sent to one without an answer is sent to the
// other: it is in both, or it would be lost, and it is counted.
func (a *Agent) deliverPair(ctx context.Context, o *runningOutput, d *Delivery) {
	after := o.plan.Standby.After
	trial := false // the primary has been given another chance, and took nothing yet
	for onStandby := false; ; onStandby = !onStandby {
		due := func() bool {
			trial = trial && !d.state.well()
			return d.state.downFor() >= after || trial && d.state.downFor() > 0
		}
		if onStandby {
			next := time.Now().Add(min(after, probeInterval))
			due = func() bool {
				if d.state.downFor() >= after {
					return true
				}
				if time.Now().Before(next) {
					return false
				}
				next = time.Now().Add(min(after, probeInterval))
				return passes(ctx, o.out)
			}
		}
		if !runUntil(ctx, d, o.drain, due) {
			return
		}
		trial = onStandby
		was, now := o.plan.Address, o.plan.Standby.Address
		if onStandby {
			was, now = now, was
		}
		n := d.state.unsettled.Load()
		o.twice.Add(n)
		a.env.Logger.Warn("output is changed for its standby, or back", "from", was, "to", now, "maybe_in_both", n, "error", d.state.lastError())
		if d = a.change(ctx, o, d, !onStandby); d == nil {
			return
		}
	}
}

// runUntil runs a delivery until it has nothing more to do, or ctx ends, or it
// is due to stop: then it returns true.
func runUntil(ctx context.Context, d *Delivery, drain <-chan struct{}, due func() bool) bool {
	run, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Run(run, drain)
	}()
	tick := time.NewTicker(downInterval)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return false
		case <-tick.C:
			if due() {
				stop()
				<-ended
				return true
			}
		}
	}
}

// passes reports whether an output could be sent to. One that cannot tell gets
// a trial.
func passes(ctx context.Context, out outputs.Output) bool {
	c, ok := out.(outputs.Checker)
	if !ok {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	for _, f := range c.Check(ctx) {
		if f.Status == outputs.CheckFailed {
			return false
		}
	}
	return true
}

// change puts another delivery in the place of d, at the same place of the log.
// It tries until it can, and returns nil if ctx ends before.
func (a *Agent) change(ctx context.Context, o *runningOutput, d *Delivery, toStandby bool) *Delivery {
	err := d.cursor.Close()
	for {
		var next *Delivery
		if err == nil {
			next, err = a.newDelivery(o, toStandby)
		}
		if err == nil {
			next.state.counts = d.state.counts
			o.show(next, toStandby)
			return next
		}
		a.env.Logger.Error("output cannot follow the buffer", "output", o.plan.Address, "error", fmt.Errorf("change to standby: %w", err))
		if !pause(ctx, downInterval, nil) {
			return nil
		}
		err = nil
	}
}

// newDelivery opens the cursor of an output and returns its delivery, or that
// of its standby.
func (a *Agent) newDelivery(o *runningOutput, standby bool) (*Delivery, error) {
	cursor, err := a.log.Cursor(o.plan.Address, o.plan.Cursor)
	if err != nil {
		return nil, err
	}
	dead := a.dead
	if !o.plan.DeadLetters {
		dead = nil
	}
	out, held := o.out, o.plan.Held
	if standby {
		out, held = o.standby, o.plan.Standby.Held
	}
	d := NewDelivery(o.plan.Address, out, cursor, dead, held, o.routes.Load(), a.env.Logger.With("output", o.plan.Address))
	d.former = o.plan.Cursor.RenamedFrom
	return d, nil
}

// show makes d what the status shows and the routes reach.
func (o *runningOutput) show(d *Delivery, standby bool) {
	o.onStandby.Store(standby)
	o.delivery.Store(d)
	d.SetRoutes(o.routes.Load())
}
