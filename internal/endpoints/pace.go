package endpoints

import (
	"context"

	"golang.org/x/time/rate"
)

// pace holds requests back so that they keep to rate_limit and
// bandwidth_limit. A nil limiter has no limit.
type pace struct {
	requests *rate.Limiter
	bytes    *rate.Limiter
}

func newPace(c Config) pace {
	var p pace
	if c.RateLimit > 0 {
		p.requests = rate.NewLimiter(rate.Limit(c.RateLimit), max(1, int(c.RateLimit)))
	}
	if c.BandwidthLimit > 0 {
		p.bytes = rate.NewLimiter(rate.Limit(c.BandwidthLimit), int(c.BandwidthLimit))
	}
	return p
}

// request waits until a request with a body of n bytes may go.
func (p pace) request(ctx context.Context, n int64) error {
	if p.requests != nil {
		if err := p.requests.Wait(ctx); err != nil {
			return err
		}
	}
	return p.send(ctx, n)
}

// send waits until n bytes may go. A body is paid for as a whole before its
// first byte: what leaves in a second can be one body more than the limit.
func (p pace) send(ctx context.Context, n int64) error {
	if p.bytes == nil {
		return nil
	}
	for n > 0 {
		part := min(n, int64(p.bytes.Burst()))
		if err := p.bytes.WaitN(ctx, int(part)); err != nil {
			return err
		}
		n -= part
	}
	return nil
}
