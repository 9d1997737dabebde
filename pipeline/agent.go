package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/outputs"
)

// Env is what an agent works with besides its plan.
type Env struct {
	Logger  *slog.Logger
	Now     func() time.Time
	Version string
	Own     []string // files and folders that no input may read, besides the plan's
}

// Agent runs a plan: inputs into the buffer, the buffer into outputs.
type Agent struct {
	env     Env
	log     *buffer.Log
	dead    *DeadLetters // nil: off
	pool    *event.Pool
	ingest  *Ingest
	healer  *healer
	started time.Time

	mu      sync.Mutex
	plan    *Plan                     // guarded by mu
	inputs  map[string]*runningInput  // guarded by mu
	outputs map[string]*runningOutput // guarded by mu
}

// Open opens the buffer of a plan. Nothing runs yet.
func Open(p *Plan, env Env) (*Agent, error) {
	p.Buffer.Logger, p.Buffer.Now = env.Logger, env.Now
	p.Buffer.Merge = new(merger).merge
	a := &Agent{
		env: env, pool: &event.Pool{}, started: env.Now(),
		inputs: map[string]*runningInput{}, outputs: map[string]*runningOutput{},
	}
	// Outputs begin to read once all of this is made.
	p.Buffer.Repair, p.Buffer.Damaged = true, func(d buffer.DamagedRecord) { a.healer.passed(d) }
	log, err := buffer.Open(p.Buffer)
	if err != nil {
		return nil, fmt.Errorf("open buffer: %w", err)
	}
	a.log = log
	if p.DeadLetters.Dir != "" {
		p.DeadLetters.Logger, p.DeadLetters.Now = env.Logger, env.Now
		if a.dead, err = OpenDeadLetters(p.DeadLetters); err != nil {
			return nil, errors.Join(err, log.Close())
		}
	}
	a.ingest = NewIngest(log, log.State(), a.pool, env.Logger, env.Now)
	a.healer = newHealer(log, a.ingest, env.Logger)
	return a, nil
}

// Run runs a plan until ctx ends, or all inputs do, and shuts down: inputs
// first, then outputs get ShutdownTimeout to take what waits. It returns nil
// when all that was read is on disk, delivered or not.
func (a *Agent) Run(ctx context.Context, p *Plan) error {
	if err := a.Reload(p); err != nil {
		return errors.Join(err, a.close())
	}
	a.healer.start()
	check, endCheck := context.WithTimeout(ctx, checkTimeout)
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		a.Check(check)
	}()
	a.waitInputs(ctx)
	endCheck()
	<-checked
	return a.shutdown()
}

// waitInputs returns once no input runs.
func (a *Agent) waitInputs(ctx context.Context) {
	for {
		a.mu.Lock()
		var one *runningInput
		for _, in := range a.inputs {
			if !in.ended() {
				one = in
			}
		}
		a.mu.Unlock()
		if one == nil {
			return
		}
		select {
		case <-one.done:
		case <-ctx.Done():
			return
		}
	}
}

// Reload puts a plan in the place of the one before. Only what changed is
// restarted; the buffer stays open. On an error nothing has changed.
func (a *Agent) Reload(p *Plan) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if routes := NewRoutes(p.Routes); routes.quarantine > 0 {
		p.Outputs = append(p.Outputs, quarantinePlan(a.dead, routes))
	}
	if a.plan != nil && a.plan.Buffer.Dir != p.Buffer.Dir {
		return fmt.Errorf("reload: the buffer's path cannot change while the agent runs (%s to %s): restart it", a.plan.Buffer.Dir, p.Buffer.Dir)
	}
	fresh, err := a.openOutputs(p)
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	ins, err := a.openInputs(p)
	if err != nil {
		for _, o := range fresh {
			o.discard()
		}
		return fmt.Errorf("reload: %w", err)
	}
	a.stopInputs(p)
	err = a.switchOutputs(p, fresh)
	if err != nil && a.plan == nil {
		return fmt.Errorf("start: %w", err) // before anything was read
	}
	a.startInputs(ins)
	a.healer.own(a.inputs)
	a.plan = p
	return err
}

// shutdown ends everything in the order in which nothing is lost.
func (a *Agent) shutdown() error {
	a.mu.Lock()
	ins, outs, timeout := maps.Clone(a.inputs), maps.Clone(a.outputs), a.plan.ShutdownTimeout
	a.mu.Unlock()
	for _, in := range ins {
		in.cancel()
	}
	for _, in := range ins {
		<-in.done
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err := a.ingest.Flush(ctx)
	for _, o := range outs {
		close(o.drain)
	}
	for _, o := range outs {
		o.wait(ctx)
	}
	return errors.Join(err, a.close())
}

// close closes what Open opened.
func (a *Agent) close() error {
	a.healer.stop()
	err := a.log.Close()
	if a.dead != nil {
		err = errors.Join(err, a.dead.Close())
	}
	return err
}

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

// Forget removes the cursor of an output that the config does not have, and
// with it what the buffer kept for it.
func (a *Agent) Forget(name string) error {
	a.mu.Lock()
	_, used := a.outputs[name]
	a.mu.Unlock()
	if used {
		return fmt.Errorf("forget %s: the config has this output", name)
	}
	return a.log.Forget(name)
}
