package pipeline

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/renthub/sluice/outputs"
)

// leastRequest is how small a learnt request size can become.
const leastRequest = 64 << 10

// counts are what an output did since its start, that of held documents
// included.
type counts struct {
	sent     atomic.Int64 // documents taken
	sentRaw  atomic.Int64 // their bytes
	sentBody atomic.Int64 // bytes of request bodies, repeats included
	requests atomic.Int64
	retries  atomic.Int64 // requests that were not taken whole
	dead     atomic.Int64 // documents that became dead letters
	damaged  atomic.Int64 // documents that could not be read from the buffer
	inFlight atomic.Int64
	bytes    atomic.Int64 // request size in use; a 413 lowers it
}

// deliveryState is what a delivery shows of itself.
type deliveryState struct {
	*counts // set before first use

	unsettled atomic.Int64 // documents sent at least once, with no answer that settles them

	mu       sync.Mutex
	down     time.Time // guarded by mu; since when nothing was taken, zero if the last request was
	phase    string    // guarded by mu: "ok", "retrying", "throttled", "paused"
	lastErr  string    // guarded by mu
	errAt    time.Time // guarded by mu
	nextTry  time.Time // guarded by mu
	latency  time.Duration
	lastGood time.Time     // guarded by mu
	back     chan struct{} // guarded by mu; closed when a request was taken again after others were not
}

// recovery returns a channel that is closed when a request is taken after one
// was not: whoever waits for its next try need wait no longer.
func (s *deliveryState) recovery() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.back == nil {
		s.back = make(chan struct{})
	}
	return s.back
}

func (s *deliveryState) sending(r *outputs.Request) {
	s.inFlight.Add(1)
	s.requests.Add(1)
	s.sentBody.Add(int64(r.BodySize))
}

func (s *deliveryState) answered(r *outputs.Request, took time.Duration, err error) {
	s.inFlight.Add(-1)
	taken := r.Count
	if partial := (*outputs.Partial)(nil); errors.As(err, &partial) {
		taken -= len(partial.Failed)
	} else if err != nil {
		taken = 0
	}
	s.sent.Add(int64(taken))
	if taken > 0 {
		s.sentRaw.Add(int64(r.Size) * int64(taken) / int64(r.Count))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = took
	if taken > 0 {
		s.down = time.Time{}
	} else if s.down.IsZero() {
		s.down = time.Now()
	}
	if err == nil {
		if s.phase != "ok" && s.back != nil {
			close(s.back)
			s.back = nil
		}
		s.phase, s.lastGood, s.nextTry = "ok", time.Now(), time.Time{}
		return
	}
	s.retries.Add(1)
	s.lastErr, s.errAt = err.Error(), time.Now()
}

// well reports whether the last request was taken.
func (s *deliveryState) well() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase == "ok"
}

// downFor is for how long every request has failed.
func (s *deliveryState) downFor() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down.IsZero() {
		return 0
	}
	return time.Since(s.down)
}

// lastError is the last error that there was.
func (s *deliveryState) lastError() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastErr
}

// goodSince reports whether another request was taken since a time.
func (s *deliveryState) goodSince(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastGood.After(t)
}

// waiting notes that documents wait for another try.
func (s *deliveryState) waiting(err error, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = "retrying"
	if t := (*outputs.Throttled)(nil); errors.As(err, &t) {
		s.phase = "throttled"
	}
	if m := (*outputs.Misconfigured)(nil); errors.As(err, &m) || needsConfig(err) {
		s.phase = "paused"
	}
	s.nextTry = time.Now().Add(d)
}

func needsConfig(err error) bool {
	var p *outputs.Partial
	if !errors.As(err, &p) {
		return false
	}
	for _, f := range p.Failed {
		if f.Answer == outputs.NeedConfig {
			return true
		}
	}
	return false
}

// failed notes an error that has nothing to do with the destination.
func (s *deliveryState) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastErr, s.errAt = err.Error(), time.Now()
}

// learn lowers the size of requests after the destination refused one.
func (s *deliveryState) learn(size int) {
	if now := s.bytes.Load(); now == 0 || int64(size) < now {
		s.bytes.Store(int64(max(size, leastRequest)))
	}
}
