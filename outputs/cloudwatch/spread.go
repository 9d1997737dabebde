package cloudwatch

import (
	"sync"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// A stream takes one request at a time. One is too slow if for a while its
// requests are full and follow each other without a pause: more documents wait
// than it can take.
const (
	pressingRequests = 20
	pressingTime     = 5 * time.Second
)

// load is how busy a stream is.
type load struct {
	mu    sync.Mutex
	ended map[*lane]time.Time // guarded by mu
	since time.Time           // guarded by mu; first of the pressing requests
	count int                 // guarded by mu; pressing requests in a row
}

// watchLoad notes a request that was sent, and spreads its stream over one
// more lane if it is too slow.
func (o *Output) watchLoad(l *lane, r *outputs.Request, start time.Time) {
	full := r.Size >= requestBytes*3/4 || r.Count >= maxCallEvents*3/4
	s := l.stream
	if !s.load.pressing(l, full, start, o.now()) || int(s.width.Load()) >= len(s.lanes) {
		return
	}
	width := s.width.Add(1)
	o.metrics.spread.Inc()
	o.logger.Info("log stream is too slow, it gets one more", "stream", s.lanes[0].target, "streams", width)
}

// pressing notes a request and reports whether there were too many like it.
func (p *load) pressing(l *lane, full bool, start, end time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended == nil {
		p.ended = map[*lane]time.Time{}
	}
	idle := start.Sub(p.ended[l])
	p.ended[l] = end
	if !full || idle > end.Sub(start)/4 {
		p.count = 0
		return false
	}
	if p.count == 0 {
		p.since = start
	}
	p.count++
	if p.count < pressingRequests || end.Sub(p.since) < pressingTime {
		return false
	}
	p.count = 0
	return true
}

// Partition implements outputs.Partitioner.
func (o *Output) Partition(dst []byte, d *event.Doc) []byte {
	return append(dst, o.targets.of(d).target...)
}
