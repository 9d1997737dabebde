package pipeline

import (
	"context"
	"math/rand/v2"
	"time"
)

// The bounds of the pauses between tries. Full jitter: each pause is drawn
// between 0 and a bound that doubles, so that many agents do not come back at
// once after an outage.
const (
	backoffFirst  = 200 * time.Millisecond
	backoffMax    = 15 * time.Second
	backoffConfig = 60 * time.Second // while a person must act
	throttleMax   = 5 * time.Minute  // of what a destination may ask for
	backoffLeast  = 50 * time.Millisecond
)

// backoff returns the pause before try number n (the first is 1).
func backoff(n int, limit time.Duration) time.Duration {
	bound := limit
	if n < 20 {
		bound = min(limit, backoffFirst<<(n-1))
	}
	return max(backoffLeast, time.Duration(rand.Int64N(int64(bound))))
}

// pause waits for a time, or until wake is closed, which may be nil. It reports
// false if ctx ended before.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-wake:
		return true
	case <-ctx.Done():
		return false
	}
}
