package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/outputs"
)

// runningOutput is an output, its delivery and the goroutine that it runs in.
type runningOutput struct {
	plan    OutputPlan
	out     outputs.Output
	standby outputs.Output       // nil: none
	metrics *prometheus.Registry // of its own, gone with it
	cancel  context.CancelFunc
	drain   chan struct{}
	done    chan struct{}

	routes    atomic.Pointer[Routes]
	delivery  atomic.Pointer[Delivery] // nil until it is started
	onStandby atomic.Bool
	twice     atomic.Int64 // documents that the standby may have as well
}

// discard closes an output that was opened and is not needed.
func (r *runningOutput) discard() {
	_ = r.out.Close()
	if r.standby != nil {
		_ = r.standby.Close()
	}
}

// wait waits until the delivery has drained or ctx ends, and ends it.
func (r *runningOutput) wait(ctx context.Context) {
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	r.cancel()
	<-r.done
	r.delivery.Load().cursor.Close()
	r.discard()
}

// openOutputs opens the outputs of p that are new or changed.
func (a *Agent) openOutputs(p *Plan) ([]*runningOutput, error) {
	var fresh []*runningOutput
	var classes []outputs.Class
	for _, c := range p.Graph.Classes {
		classes = append(classes, outputs.Class{Name: c.Name, Keep: c.Keep})
	}
	for _, op := range p.Outputs {
		if old := a.outputs[op.Address]; old != nil && old.plan.Hash == op.Hash {
			continue
		}
		o, err := a.openOutput(op, outputs.Deps{Now: a.env.Now, Version: a.env.Version, Dir: filepath.Dir(p.Buffer.Dir), Classes: classes})
		if err != nil {
			for _, o := range fresh {
				o.discard()
			}
			return nil, err
		}
		fresh = append(fresh, o)
	}
	return fresh, nil
}

// openOutput opens an output and its standby, if it has one.
func (a *Agent) openOutput(op OutputPlan, d outputs.Deps) (*runningOutput, error) {
	o := &runningOutput{plan: op, metrics: prometheus.NewRegistry(), drain: make(chan struct{}), done: make(chan struct{})}
	open := func(p *OutputPlan) (outputs.Output, error) {
		d.Name, d.Logger, d.Metrics = p.Address, a.env.Logger.With("output", p.Address), o.metrics
		out, err := p.Open(d)
		if err != nil {
			return nil, fmt.Errorf("open output %s: %w", p.Address, err)
		}
		return out, nil
	}
	var err error
	if o.out, err = open(&op); err != nil || op.Standby == nil {
		return o, err
	}
	if o.standby, err = open(&op.Standby.OutputPlan); err != nil {
		_ = o.out.Close() // nothing was sent
	}
	return o, err
}

// switchOutputs ends the outputs that are gone or changed, starts the fresh
// ones and gives all of them, and ingest, the new routes. An output that cannot
// be started is left out; its place in the log is kept, and another reload
// tries it again.
func (a *Agent) switchOutputs(p *Plan, fresh []*runningOutput) error {
	keep := map[string]uint64{}
	for _, op := range p.Outputs {
		keep[op.Address] = op.Hash
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	for name, o := range a.outputs {
		if h, ok := keep[name]; !ok || h != o.plan.Hash {
			o.wait(stopped)
			delete(a.outputs, name)
		}
	}
	for _, o := range fresh {
		a.outputs[o.plan.Address] = o
	}
	routes := NewRoutes(p.Routes)
	a.ingest.SetGraph(NewGraph(&p.Graph, routes, a.wrapper(p)))
	for _, o := range a.outputs {
		o.routes.Store(routes)
		if d := o.delivery.Load(); d != nil {
			d.SetRoutes(routes)
		}
	}
	var errs error
	for _, o := range fresh {
		if err := a.startOutput(o); err != nil {
			errs = errors.Join(errs, err)
			o.discard()
			delete(a.outputs, o.plan.Address)
		}
	}
	return errs
}

// wrapper is the output whose requests the blocks are made for: the plan's
// choice, else the first that can, or nil.
func (a *Agent) wrapper(p *Plan) (first outputs.Wrapper) {
	for _, op := range p.Outputs {
		w, ok := a.outputs[op.Address].out.(outputs.Wrapper)
		if ok && op.Address == p.Wrapping {
			return w
		}
		if ok && first == nil {
			first = w
		}
	}
	return first
}

func (a *Agent) startOutput(o *runningOutput) error {
	d, err := a.newDelivery(o, false)
	if err != nil {
		return fmt.Errorf("output %s cannot follow the buffer: %w", o.plan.Address, err)
	}
	o.show(d, false)
	ctx, cancel := context.WithCancel(context.Background())
	o.cancel = cancel
	go func() {
		defer close(o.done)
		if o.standby == nil {
			d.Run(ctx, o.drain)
		} else {
			a.deliverPair(ctx, o, d)
		}
	}()
	return nil
}
