package endpoints

import (
	"time"
)

// rest is for how long an endpoint is spared after a failure, where there is
// another: the next try of the same documents must not meet the same fault.
const rest = 2 * time.Second

// rules are what the breakers of a group go by. They are immutable.
type rules struct {
	failures    int
	coolDown    time.Duration
	maxCoolDown time.Duration
	handBack    int // good tries in a row for one that a standby stands in for
}

// note moves e's breaker by the outcome of a try, and reports whether its
// state changed. trial is whether the try was to find out about a half-open
// one; others were begun before it opened and say nothing new. needed is how
// many good trials close it.
func (e *Endpoint) note(now time.Time, r rules, o Outcome, err error, trial bool, needed int) (changed bool) {
	if trial {
		e.trying = false
	}
	if o == Failed {
		e.lastErr, e.errAt = err, now
	}
	switch {
	case e.state == Closed:
		return e.noteClosed(now, r, o)
	case !trial:
		return false
	case o == Cancelled:
		// Nobody knows yet: the next may find out, at once.
		e.set(now, Open)
		e.openUntil = now
		return true
	case o == Failed:
		e.open(now, r)
		return true
	}
	if e.good++; e.good >= needed {
		e.close(now)
		return true
	}
	return false
}

func (e *Endpoint) noteClosed(now time.Time, r rules, o Outcome) (changed bool) {
	switch o {
	case OK:
		e.failures, e.restUntil = 0, time.Time{}
	case Throttled:
		e.failures, e.restUntil = 0, now.Add(rest)
	case Failed:
		e.failures++
		e.restUntil = now.Add(rest)
		if e.failures >= r.failures {
			e.open(now, r)
			return true
		}
	}
	return false
}

// open gives e up for a while. One that was well for long enough begins with
// the shortest cool-down again; one that comes and goes waits longer each time.
func (e *Endpoint) open(now time.Time, r rules) {
	wellFor := time.Duration(0)
	if e.state == Closed {
		wellFor = now.Sub(e.since)
	}
	if e.coolDown == 0 || wellFor > max(4*e.coolDown, time.Minute) {
		e.coolDown = r.coolDown
	} else {
		e.coolDown = min(2*e.coolDown, r.maxCoolDown)
	}
	e.good = 0
	e.set(now, Open)
	e.openUntil = now.Add(e.coolDown)
}

func (e *Endpoint) close(now time.Time) {
	e.failures, e.good, e.restUntil = 0, 0, time.Time{}
	e.set(now, Closed)
}

// tryOut begins a trial.
func (e *Endpoint) tryOut(now time.Time) {
	e.set(now, HalfOpen)
	e.trying = true
}

func (e *Endpoint) set(now time.Time, s State) {
	if e.state != s {
		e.state, e.since = s, now
	}
}

// due reports whether e can be tried out.
func (e *Endpoint) due(now time.Time) bool {
	return e.state == Open && !now.Before(e.openUntil) || e.state == HalfOpen && !e.trying
}
