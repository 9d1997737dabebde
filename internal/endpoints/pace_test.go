package endpoints

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheRateLimitHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(Config{RateLimit: 5})
		start := time.Now()
		for range 55 {
			if err := p.request(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 9*time.Second || took > 11*time.Second {
			t.Errorf("55 requests at 5 a second: got %v, want 10s after a burst of 5", took)
		}
	})
}

func TestTheBandwidthLimitHoldsForBodiesOfAnySize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(Config{BandwidthLimit: 1 << 20})
		start := time.Now()
		for range 4 {
			if err := p.request(t.Context(), 5<<19); err != nil { // 2.5 MiB
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 9*time.Second || took > 10*time.Second {
			t.Errorf("10 MiB at 1 MiB a second: got %v, want 9s after a burst of 1 MiB", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.send(ctx, 100<<20); err == nil {
			t.Error("got no error once the context ended")
		}
	})
}

func TestWithoutLimitsNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, start := newPace(Config{}), time.Now()
		for range 1000 {
			if err := p.request(t.Context(), 1<<30); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("got %v, want nothing", took)
		}
	})
}
