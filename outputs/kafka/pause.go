package kafka

import (
	"sync/atomic"
	"time"
)

// pause is how long the brokers want to be left alone. They do not read what
// is sent before its end, and it would seem to hang.
type pause struct{ until atomic.Int64 } // nanoseconds since 1970

// maxPause is the longest that a broker is believed.
const maxPause = time.Minute

// ask makes the pause last until t at least.
func (p *pause) ask(t time.Time) {
	for {
		have := p.until.Load()
		if t.UnixNano() <= have || p.until.CompareAndSwap(have, t.UnixNano()) {
			return
		}
	}
}

// left is what is left of the pause.
func (p *pause) left(now time.Time) time.Duration {
	return min(max(time.Duration(p.until.Load()-now.UnixNano()), 0), maxPause)
}
