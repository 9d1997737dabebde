package endpoints

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// run feeds a limit with requests of one latency for some seconds, all permits
// in use, ten requests a second.
func (a *adaptive) run(now *time.Time, seconds int, s sample) (lowest, highest int) {
	lowest, highest = a.size, a.size
	for range seconds * 10 {
		*now = now.Add(100 * time.Millisecond)
		a.note(*now, s, a.size)
		lowest, highest = min(lowest, a.size), max(highest, a.size)
	}
	return lowest, highest
}

func TestTheLimitFollowsTheDestination(t *testing.T) {
	const mib = 1 << 20
	well := sample{outcome: OK, latency: 50 * time.Millisecond, bytes: mib}
	slow := sample{outcome: OK, latency: 400 * time.Millisecond, bytes: mib}
	busy := sample{outcome: Throttled}
	start := func() (*adaptive, *time.Time) {
		now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
		return &adaptive{least: 2, most: 12, size: 12}, &now
	}

	t.Run("one that is well keeps it", func(t *testing.T) {
		a, now := start()
		if low, _ := a.run(now, 60, well); low != 12 {
			t.Errorf("got down to %d, want 12", low)
		}
	})
	t.Run("a 429 lowers it by a third, and a storm of them once in ten seconds", func(t *testing.T) {
		a, now := start()
		a.note(*now, busy, 12)
		if a.size != 8 {
			t.Errorf("got %d, want 8", a.size)
		}
		a.run(now, 9, busy)
		if a.size != 8 {
			t.Errorf("within the cool-down: got %d, want 8", a.size)
		}
		a.run(now, 60, busy)
		if a.size != 2 {
			t.Errorf("after a minute: got %d, want the least, 2", a.size)
		}
	})
	t.Run("it grows by one each second, after ten calm ones", func(t *testing.T) {
		a, now := start()
		a.run(now, 5, well)
		a.note(*now, busy, 12)
		a.run(now, 9, well)
		if a.size != 8 {
			t.Errorf("within the calm: got %d, want 8", a.size)
		}
		a.run(now, 4, well)
		if a.size < 9 || a.size > 12 {
			t.Errorf("after it: got %d, want more than 8", a.size)
		}
		a.run(now, 20, well)
		if a.size != 12 {
			t.Errorf("in the end: got %d, want 12", a.size)
		}
	})
	t.Run("answers that take longer lower it", func(t *testing.T) {
		a, now := start()
		a.run(now, 30, well)
		a.run(now, 3, slow)
		if a.size != 8 {
			t.Errorf("got %d, want 8", a.size)
		}
	})
	t.Run("a time-out lowers it", func(t *testing.T) {
		a, now := start()
		a.note(*now, sample{outcome: Failed, late: true}, 12)
		if a.size != 8 {
			t.Errorf("got %d, want 8", a.size)
		}
	})
	t.Run("a refused connection is the breaker's business", func(t *testing.T) {
		a, now := start()
		a.run(now, 60, sample{outcome: Failed})
		if a.size != 12 {
			t.Errorf("got %d, want 12", a.size)
		}
	})
	t.Run("one that stays slow is a slow destination", func(t *testing.T) {
		a, now := start()
		a.run(now, 30, well)
		a.run(now, 120, slow)
		a.run(now, 120, slow)
		if a.size != 12 {
			t.Errorf("got %d after minutes of the same latency, want 12", a.size)
		}
	})
	t.Run("the large requests of a catch-up are not slow", func(t *testing.T) {
		a, now := start()
		a.run(now, 30, sample{outcome: OK, latency: 15 * time.Millisecond, bytes: 64 << 10})
		low, _ := a.run(now, 30, sample{outcome: OK, latency: 130 * time.Millisecond, bytes: 4 * mib})
		if low != 12 {
			t.Errorf("got down to %d, want 12", low)
		}
	})
	t.Run("latencies that scatter do not make it flap", func(t *testing.T) {
		a, now := start()
		r := rand.New(rand.NewPCG(1, 2))
		changes := 0
		for range 6000 { // ten minutes
			*now = now.Add(100 * time.Millisecond)
			was := a.size
			a.note(*now, sample{outcome: OK, latency: time.Duration(20+r.IntN(80)) * time.Millisecond, bytes: mib}, a.size)
			if a.size != was {
				changes++
			}
		}
		if changes > 0 {
			t.Errorf("got %d changes in ten minutes, want none", changes)
		}
	})
	t.Run("one that refuses now and then makes no more than one change in two seconds", func(t *testing.T) {
		a, now := start()
		changes := 0
		for i := range 6000 {
			*now = now.Add(100 * time.Millisecond)
			s := well
			if i%100 == 0 {
				s = busy
			}
			was := a.size
			a.note(*now, s, a.size)
			if a.size != was {
				changes++
			}
		}
		if changes > 300 {
			t.Errorf("got %d changes in ten minutes, want less than 300", changes)
		}
	})
}

func TestNoMoreThanTheLimitAreUnderWay(t *testing.T) {
	l := newLimit(1, 4)
	var now, most atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 500 {
				if err := l.acquire(t.Context()); err != nil {
					t.Error(err)
					return
				}
				n := now.Add(1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				now.Add(-1)
				l.release(time.Now(), sample{outcome: OK})
			}
		})
	}
	wg.Wait()
	if _, used := l.now(); most.Load() > 4 || used != 0 {
		t.Errorf("got %d at a time and %d used in the end, want 4 and 0", most.Load(), used)
	}
}

func TestPermitsAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimit(1, 1)
		if err := l.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		var order []int
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if err := l.acquire(t.Context()); err != nil {
					t.Error(err)
				}
				order = append(order, i)
				l.release(time.Now(), sample{outcome: OK})
			})
			synctest.Wait()
		}
		l.release(time.Now(), sample{outcome: OK})
		wg.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("got order %v, want that of asking", order)
			}
		}
	})
}

// A permit that is granted at the moment its waiter gives up must go on.
func TestNoPermitIsLostWhenAWaiterGivesUp(t *testing.T) {
	l := newLimit(1, 2)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for n := range 300 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+n)%2 == 0 {
					go cancel()
				}
				err := l.acquire(ctx)
				cancel()
				if err == nil {
					l.release(time.Now(), sample{outcome: OK})
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if _, used := l.now(); used != 0 || l.waiting.Len() != 0 {
		t.Errorf("got %d used and %d waiting, want none", used, l.waiting.Len())
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := l.acquire(ctx); err != nil {
			t.Errorf("a permit is lost: %v", err)
		}
		cancel()
	}
}

// Both can happen at once: it is the waiter's turn, and it gives up.
func TestAPermitOfAWaiterThatGaveUpGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimit(1, 1)
		for range 100 {
			if err := l.acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- l.acquire(ctx) }()
			synctest.Wait()
			cancel() // it has given up, and does not know yet that it is its turn
			l.release(time.Now(), sample{outcome: OK})
			if err := <-done; err == nil {
				l.release(time.Now(), sample{outcome: OK})
			}
			if _, used := l.now(); used != 0 {
				t.Fatalf("got %d used, want none", used)
			}
		}
	})
}

func TestALowerLimitHoldsForThoseUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimit(1, 3)
		for range 3 {
			if err := l.acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		got := make(chan error, 1)
		go func() { got <- l.acquire(t.Context()) }()
		synctest.Wait()
		l.release(time.Now(), sample{outcome: Throttled}) // now 2 may be under way, and 2 are
		synctest.Wait()
		select {
		case <-got:
			t.Error("got a permit beyond the lowered limit")
		default:
		}
		l.release(time.Now(), sample{outcome: OK})
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}
