package endpoints

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Permit is one of the requests that may be under way.
type Permit struct {
	group *Group
	late  bool // it ran into its time-out
	once  sync.Once
}

// Acquire waits until another request may be under way. Do does it by itself;
// it is for outputs that speak over connections of Dial.
func (g *Group) Acquire(ctx context.Context) (*Permit, error) {
	if err := g.limit.acquire(ctx); err != nil {
		return nil, fmt.Errorf("wait for one of %d requests in flight to end: %w", g.config.InFlight, err)
	}
	return &Permit{group: g}, nil
}

// Release ends a request of so many bytes. latency is from when it was sent to
// the head of its answer. Later calls do nothing.
func (p *Permit) Release(o Outcome, latency time.Duration, bytes int64) {
	p.once.Do(func() {
		p.group.limit.release(time.Now(), sample{outcome: o, late: p.late, latency: latency, bytes: bytes})
	})
}
