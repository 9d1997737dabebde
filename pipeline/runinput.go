package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/inputs"
)

// runningInput is an input and the goroutine that it runs in.
type runningInput struct {
	plan    InputPlan
	in      inputs.Input
	metrics *prometheus.Registry // of its own, gone with it
	cancel  context.CancelFunc
	done    chan struct{}

	mu  sync.Mutex
	err error // guarded by mu; what ended it
}

func (r *runningInput) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func (r *runningInput) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// openInputs opens the inputs of p that are new or changed.
func (a *Agent) openInputs(p *Plan) ([]*runningInput, error) {
	var fresh []*runningInput
	own := slices.Concat([]string{p.Buffer.Dir, p.DeadLetters.Dir, HeldDir(p.Buffer.Dir)}, p.Own, a.env.Own)
	for _, ip := range p.Inputs {
		if old := a.inputs[ip.Address]; old != nil && old.plan.Hash == ip.Hash {
			continue
		}
		d := ip.Deps
		d.Name, d.Pool, d.Now, d.OwnPaths = ip.Address, a.pool, a.env.Now, own
		d.Logger = a.env.Logger.With("input", ip.Address)
		metrics := prometheus.NewRegistry()
		d.Metrics = metrics
		in, err := ip.Open(d)
		if err != nil {
			return nil, fmt.Errorf("open input %s: %w", ip.Address, err)
		}
		fresh = append(fresh, &runningInput{plan: ip, in: in, metrics: metrics, done: make(chan struct{})})
	}
	return fresh, nil
}

// stopInputs ends the inputs that p does not have, or has otherwise.
func (a *Agent) stopInputs(p *Plan) {
	keep := map[string]uint64{}
	for _, ip := range p.Inputs {
		keep[ip.Address] = ip.Hash
	}
	for name, in := range a.inputs {
		if h, ok := keep[name]; !ok || h != in.plan.Hash {
			in.cancel()
			<-in.done
			delete(a.inputs, name)
		}
	}
}

func (a *Agent) startInputs(fresh []*runningInput) {
	for _, in := range fresh {
		ctx, cancel := context.WithCancel(context.Background())
		in.cancel = cancel
		a.inputs[in.plan.Address] = in
		go func() {
			defer close(in.done)
			err := in.in.Run(ctx, a.ingest.Saved(in.plan.Address), a.ingest.Emit)
			if err != nil && ctx.Err() == nil {
				a.env.Logger.Error("input ended", "input", in.plan.Address, "error", err)
				in.mu.Lock()
				in.err = err
				in.mu.Unlock()
			}
		}()
	}
}
