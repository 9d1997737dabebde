package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
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
		if pause(check, checkDelay, nil) { // what waits to be delivered goes first
			a.Check(check)
		}
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
	stray, lookErr := strayHeld(p)
	if lookErr != nil {
		a.env.Logger.Error("held documents cannot be looked for", "error", lookErr)
	}
	for _, name := range stray {
		a.env.Logger.Warn("documents are held for an output that the config does not have: sluice buffer forget", "output", name)
	}
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

// Forget removes the cursor of an output that the config does not have, and
// with it what the buffer kept for it.
func (a *Agent) Forget(name string) error {
	a.mu.Lock()
	dir := a.plan.Buffer.Dir
	used := slices.ContainsFunc(a.plan.Outputs, func(o OutputPlan) bool {
		return o.Address == name || o.Standby != nil && o.Standby.Address == name
	})
	a.mu.Unlock()
	if used {
		return fmt.Errorf("forget %s: the config has this output", name)
	}
	return errors.Join(a.log.Forget(name), ForgetHeld(dir, name))
}
