package endpoints

import "time"

const (
	calm   = 10 * time.Second // after the limit was lowered, before it changes again
	window = time.Second      // over which latencies are averaged
	enough = 3                // answers that a window must have
	grace  = 20 * time.Millisecond
)

// sample is a request that ended.
type sample struct {
	outcome Outcome
	late    bool          // it ran into its time-out
	latency time.Duration // up to the head of the answer
	bytes   int64         // of its body
}

// adaptive is a limit that is lowered by a third when the destination is busy,
// and grows by one when it is not: additive increase, multiplicative decrease.
// It is not safe for concurrent use.
type adaptive struct {
	least, most int
	size        int

	calmUntil time.Time
	usual     float64 // latency in seconds, for a request of usual size; 0 is not known yet

	since time.Time // when the window began
	sum   float64
	count int
	peak  int // most permits used in the window
}

// note takes one request into account. used is how many were under way with
// it.
func (a *adaptive) note(now time.Time, s sample, used int) {
	switch {
	case s.outcome == Throttled || s.late:
		a.lower(now)
		return
	case s.outcome != OK:
		return // the breaker's business
	}
	if a.count == 0 {
		a.since = now.Add(-s.latency)
	}
	a.count++
	a.sum += scaled(s)
	a.peak = max(a.peak, used)
	if a.count >= enough && now.Sub(a.since) >= window {
		a.judge(now, a.sum/float64(a.count))
	}
}

// judge ends a window.
func (a *adaptive) judge(now time.Time, mean float64) {
	full := a.peak >= a.size
	a.count, a.sum, a.peak = 0, 0, 0
	slow := a.usual > 0 && mean > 2*a.usual+grace.Seconds()
	switch {
	case a.usual == 0:
		a.usual = mean
	case mean < a.usual:
		a.usual += (mean - a.usual) / 4
	default: // a destination that stays slow is a slow destination
		a.usual += (mean - a.usual) / 16
	}
	switch {
	case slow:
		a.lower(now)
	case full && a.size < a.most && !now.Before(a.calmUntil):
		a.size++
	}
}

func (a *adaptive) lower(now time.Time) {
	a.count, a.sum, a.peak = 0, 0, 0
	if now.Before(a.calmUntil) {
		return
	}
	a.calmUntil = now.Add(calm)
	a.size = max(a.least, min(a.size-1, a.size*2/3))
}

// scaled is the latency in seconds as a request of 1 MiB would have had it, so
// that the large requests of a catch-up do not look like a slow destination.
func scaled(s sample) float64 {
	const one, fixed = 1 << 20, 256 << 10
	return s.latency.Seconds() * (one + fixed) / (float64(s.bytes) + fixed)
}
