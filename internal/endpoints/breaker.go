package endpoints

import "time"

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

// note moves e's breaker by the outcome of a try. trial is whether the try was
// to find out about a half-open one; others were begun before it opened and
// say nothing new. needed is how many good trials close it.
func (e *Endpoint) note(now time.Time, r rules, o Outcome, err error, trial bool, needed int) {
	if e.state != Closed {
		e.noteTrial(now, r, o, err, trial, needed)
		return
	}
	switch o {
	case OK:
		e.failures, e.badChecks, e.restUntil = 0, 0, time.Time{}
	case Throttled:
		e.failures, e.badChecks, e.restUntil = 0, 0, now.Add(rest)
	case Failed:
		e.failures++
		e.failed(now, r, err, e.failures)
	}
}

// noteCheck is note for a health check. A good one makes no failures of
// requests good: a server can answer a check and nothing else.
func (e *Endpoint) noteCheck(now time.Time, r rules, o Outcome, err error, trial bool, needed int) {
	switch {
	case e.state != Closed:
		e.noteTrial(now, r, o, err, trial, needed)
	case o == Failed:
		e.badChecks++
		e.failed(now, r, err, e.badChecks)
	case o != Cancelled:
		e.badChecks = 0
	}
}

// failed notes the failure of a closed endpoint, the last of so many.
func (e *Endpoint) failed(now time.Time, r rules, err error, inARow int) {
	e.lastErr, e.errAt, e.restUntil = err, now, now.Add(rest)
	if inARow >= r.failures {
		e.open(now, r)
	}
}

func (e *Endpoint) noteTrial(now time.Time, r rules, o Outcome, err error, trial bool, needed int) {
	if o == Failed {
		e.lastErr, e.errAt = err, now
	}
	if !trial {
		return
	}
	e.trying = false
	switch o {
	case Cancelled: // nobody knows yet: the next may find out, at once
		e.set(now, Open)
		e.openUntil = now
	case Failed:
		e.open(now, r)
	default:
		if e.good++; e.good >= needed {
			e.close(now)
		}
	}
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
	e.failures, e.badChecks, e.good, e.restUntil = 0, 0, 0, time.Time{}
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
