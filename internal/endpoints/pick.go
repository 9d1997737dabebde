package endpoints

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/renthub/sluice/outputs"
)

// try is one use of an endpoint, from its choice to its outcome.
type try struct {
	group *Group
	*Endpoint
	trial bool // it finds out whether the endpoint is back
}

// choose begins a try. While all there is is being found out about it waits
// for the result.
func (g *Group) choose(ctx context.Context, key string) (try, error) {
	if key == "" {
		key = g.deps.Key
	}
	for {
		var t try
		var wait <-chan struct{}
		var err error
		g.update(func(now time.Time) { t, wait, err = g.pick(now, key) })
		if err != nil || wait == nil {
			return t, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return try{}, fmt.Errorf("wait for an endpoint to be found: %w", context.Cause(ctx))
		case <-g.ctx.Done():
			return try{}, errClosed
		}
	}
}

// pick chooses among the endpoints as they are now, or returns what to wait
// for. The caller holds mu.
func (g *Group) pick(now time.Time, key string) (try, <-chan struct{}, error) {
	list, standbys := g.inUse()
	if standbys && g.config.HealthCheck.Interval == 0 {
		// Nothing else would find out whether a primary is back.
		if e := g.firstDue(now, false); e != nil {
			return g.trial(now, e), nil, nil
		}
	}
	if len(list) > 0 {
		e := g.balance(spared(list, now), key)
		e.inFlight++
		return try{group: g, Endpoint: e}, nil, nil
	}
	if e := g.firstDue(now, true); e != nil {
		return g.trial(now, e), nil, nil
	}
	if g.undecided() {
		return try{}, g.changed, nil
	}
	return try{}, nil, g.allOpen(now)
}

func (g *Group) trial(now time.Time, e *Endpoint) try {
	e.tryOut(now)
	e.inFlight++
	return try{g, e, true}
}

// inUse are the endpoints that requests go to: the closed primaries, or the
// closed standbys while there are none. The caller holds mu.
func (g *Group) inUse() (list []*Endpoint, standbys bool) {
	for _, e := range g.endpoints {
		if e.state == Closed && !e.standby {
			list = append(list, e)
		}
	}
	if len(list) > 0 {
		return list, false
	}
	for _, e := range g.endpoints {
		if e.state == Closed {
			list = append(list, e)
		}
	}
	return list, len(list) > 0
}

// firstDue is the endpoint that is to be tried out next, primaries first, or
// nil. The caller holds mu.
func (g *Group) firstDue(now time.Time, standbys bool) *Endpoint {
	var first *Endpoint
	for _, e := range g.endpoints {
		if !e.due(now) || e.standby && !standbys {
			continue
		}
		if first == nil || first.standby && !e.standby || first.standby == e.standby && e.openUntil.Before(first.openUntil) {
			first = e
		}
	}
	return first
}

// undecided reports whether a state is about to be known. The caller holds mu.
func (g *Group) undecided() bool {
	for _, e := range g.endpoints {
		if e.trying {
			return true
		}
	}
	if len(g.endpoints) > 0 {
		return false
	}
	for _, l := range g.lookups {
		if !l.done {
			return true
		}
	}
	return false
}

// needed is how many good trials in a row close e. One is enough where
// everything waits for it. The caller holds mu.
func (g *Group) needed(e *Endpoint) int {
	if _, standbys := g.inUse(); standbys && !e.standby {
		return g.rules.handBack
	}
	return 1
}

// done ends a try.
func (t try) done(o Outcome, err error) {
	t.group.update(func(now time.Time) {
		t.inFlight--
		t.note(now, t.group.rules, o, err, t.trial, t.group.needed(t.Endpoint))
	})
	t.group.metrics.tried(t.Endpoint, o)
	if o == Failed {
		t.group.wire.suspect(err)
	}
}

// allOpen is the error while no endpoint is in use. The caller holds mu.
func (g *Group) allOpen(now time.Time) error {
	var reasons []string
	wait, person := time.Duration(1<<63-1), len(g.endpoints) > 0
	for i, l := range g.lookups {
		if l.err != nil {
			reasons = append(reasons, fmt.Sprintf("%s: %v", g.targets[i].name(), l.err))
			wait, person = min(wait, l.next.Sub(now)), false
		}
	}
	for _, e := range g.endpoints {
		reasons = append(reasons, fmt.Sprintf("%s failed %d times, at last: %v", e.Name(), max(e.failures, e.badChecks), e.lastErr))
		wait = min(wait, e.openUntil.Sub(now))
		person = person && needsPerson(e.lastErr)
	}
	wait = max(wait, time.Millisecond)
	const shown = 3
	if more := len(reasons) - shown; more > 0 {
		reasons = append(reasons[:shown], fmt.Sprintf("and %d more", more))
	}
	err := fmt.Errorf("no endpoint is in use, the next try is in %v: %s", wait.Round(time.Millisecond), strings.Join(reasons, "; "))
	if person {
		return &outputs.Misconfigured{Err: errors.Join(err)}
	}
	return &outputs.Unreachable{After: wait, Err: err}
}
