package endpoints

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/renthub/sluice/internal/httpsend"
)

// reloadEvery is how often the certificates' files are read.
const reloadEvery = 10 * time.Second

// watch makes health checks when they are due, and reads the certificates'
// files, until ctx ends.
func (g *Group) watch(ctx context.Context) {
	var checks sync.WaitGroup
	defer checks.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var reload <-chan time.Time
	if g.wire.files.any() {
		ticker := time.NewTicker(reloadEvery)
		defer ticker.Stop()
		reload = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-reload:
			g.wire.files.reload()
		case <-g.wire.again:
			g.wire.files.reload()
		case <-g.kick:
		case <-timer.C:
		}
		if g.config.HealthCheck.Interval == 0 {
			continue
		}
		due, next := g.dueChecks()
		for _, t := range due {
			checks.Go(func() { g.check(ctx, t) })
		}
		timer.Reset(next)
	}
}

// dueChecks begins the checks that are due, and says when the next are.
func (g *Group) dueChecks() (due []try, next time.Duration) {
	next = g.config.HealthCheck.Interval.Std()
	g.update(func(now time.Time) {
		for _, e := range g.endpoints {
			if e.checking {
				continue // its end wakes the watch
			}
			at := g.checkAt(e)
			if now.Before(at) {
				next = min(next, at.Sub(now))
				continue
			}
			trial := e.due(now)
			if trial {
				e.tryOut(now)
			}
			e.checking = true
			due = append(due, try{g, e, trial})
		}
	})
	return due, max(next, time.Millisecond)
}

// checkAt is when e is to be checked. The caller holds mu.
func (g *Group) checkAt(e *Endpoint) time.Time {
	interval := g.config.HealthCheck.Interval.Std()
	switch {
	case e.state == Open:
		return e.openUntil
	case e.trying:
		return e.checkedAt.Add(interval) // a request finds out
	case e.state == Closed && e.failures+e.badChecks > 0:
		return e.checkedAt.Add(min(interval, 5*time.Second)) // decide soon
	}
	return e.checkedAt.Add(interval)
}

// check tries one endpoint out.
func (g *Group) check(ctx context.Context, t try) {
	ctx, cancel := context.WithTimeout(ctx, g.config.HealthCheck.Timeout.Std())
	defer cancel()
	ask := g.deps.Check
	if ask == nil {
		ask = Connect
	}
	o := OK
	err := ask(ctx, Probe{g, t.Endpoint})
	if err != nil {
		// What comes from credentials of ours says nothing of the endpoint,
		// but it does not bring one back either.
		var before *notTried
		o = Failed
		if g.ctx.Err() != nil || errors.As(err, &before) && !t.trial {
			o = Cancelled
		}
		err = g.explain(t.Endpoint, fmt.Errorf("health check: %w", err))
	}
	g.update(func(now time.Time) {
		t.checking, t.checkedAt = false, now
		t.noteCheck(now, g.rules, o, err, t.trial, g.needed(t.Endpoint))
	})
	g.metrics.checked(t.Endpoint, o)
	if o == Failed {
		g.wire.suspect(err)
	}
	select {
	case g.kick <- struct{}{}:
	default:
	}
}

// Probe is what a check asks one endpoint through.
type Probe struct {
	group    *Group
	endpoint *Endpoint
}

// Do sends a request to the endpoint. Its answer says nothing by itself.
func (p Probe) Do(req *http.Request) (*http.Response, error) {
	out := try{group: p.group, Endpoint: p.endpoint}.addressed(req.Context(), req)
	if p.group.deps.Authorize != nil {
		if err := p.group.deps.Authorize(out); err != nil {
			return nil, &notTried{err}
		}
	}
	return p.group.wire.transport(p.endpoint).RoundTrip(out)
}

// Connect is a check for which a connection that can be made is enough.
func Connect(ctx context.Context, p Probe) error {
	c, err := p.group.wire.connect(ctx, p.endpoint)
	if err != nil {
		return err
	}
	return c.Close()
}

// Get returns a check that asks for a page. Every answer will do but those by
// which an endpoint says that it is not well.
func Get(path string) func(context.Context, Probe) error {
	return func(ctx context.Context, p Probe) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
		if err != nil {
			return fmt.Errorf("make request: %w", err)
		}
		answer, err := p.Do(req)
		if err != nil {
			return err
		}
		httpsend.Finish(answer.Body)
		if outcomeOf(answer.StatusCode) == Failed {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return nil
	}
}
