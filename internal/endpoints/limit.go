package endpoints

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// limit is how many requests may be under way. Who waits is served in order.
type limit struct {
	mu      sync.Mutex
	size    adaptive  // guarded by mu
	used    int       // guarded by mu
	waiting list.List // guarded by mu; of chan struct{}, closed when it is its turn
}

func newLimit(least, most int) *limit {
	return &limit{size: adaptive{least: least, most: most, size: most}}
}

// acquire waits for a permit.
func (l *limit) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	if l.used < l.size.size { // then nobody waits: what is free is handed out at once
		l.used++
		l.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	place := l.waiting.PushBack(turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-turn: // both at once: the permit goes on
		l.used--
		l.serve()
	default:
		l.waiting.Remove(place)
	}
	return ctx.Err()
}

// release gives a permit back, with what became of its request.
func (l *limit) release(now time.Time, s sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size.note(now, s, l.used)
	l.used--
	l.serve()
}

// serve hands out what is free. The caller holds mu.
func (l *limit) serve() {
	for l.used < l.size.size && l.waiting.Len() > 0 {
		l.used++
		close(l.waiting.Remove(l.waiting.Front()).(chan struct{}))
	}
}

// now is the limit and how much of it is used.
func (l *limit) now() (size, used int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size.size, l.used
}
