package bench

import (
	"context"
	"time"
)

const (
	outage     = 20 * time.Second
	afterwards = 15 * time.Second // that the writer goes on when the sink is back
)

// Catchup is how a backlog was worked off while new lines kept coming.
type Catchup struct {
	Outage      time.Duration `json:"outage"`
	BackAfter   time.Duration `json:"back_after"` // from the sink's return to the first request
	Took        time.Duration `json:"took"`       // from then until a request's oldest line was no older than a second
	Docs        int           `json:"docs"`
	Bytes       int64         `json:"bytes"` // raw
	LinesPerSec float64       `json:"lines_per_s"`
	BytesPerSec float64       `json:"bytes_per_s"` // raw
	Multiple    float64       `json:"multiple"`    // of the live rate
}

// measureCatchup takes the sink away for a while under load and looks at how
// fast the agent works off what waited.
func (r *runner) measureCatchup(ctx context.Context, run *Measurement) (err error) {
	if err := r.calibrate(ctx); err != nil {
		return err
	}
	m, err := r.warm(ctx, run.Workload)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, m.end()) }()
	if err := r.sink.shut(ctx); err != nil {
		return err
	}
	written := make(chan error, 1)
	writing, stopWriting := context.WithCancel(ctx)
	go func() { written <- m.writer.atRate(writing, r.Rate, 1, outage+afterwards) }()
	err = pause(ctx, outage)
	back := time.Now()
	err = firstError(err, r.sink.open(context.WithoutCancel(ctx)))
	if err != nil {
		stopWriting()
	}
	err = firstError(err, <-written)
	stopWriting()
	if err != nil {
		return err
	}
	if _, err := m.drained(ctx); err != nil {
		return err
	}
	t, err := r.sink.tally(ctx, m.written(), false)
	if err != nil {
		return err
	}
	run.count(m, t)
	run.Catchup = catchupOf(t.Requests, back, r.Rate)
	return run.readAgent(m)
}

// catchupOf finds when the agent had caught up: from then on requests hold no
// line older than a second.
func catchupOf(requests []RequestMark, back time.Time, liveRate int) *Catchup {
	c := &Catchup{Outage: outage}
	if len(requests) == 0 {
		return c
	}
	last := 0 // the last request that held an old line
	for i, q := range requests {
		if time.Duration(q.At-q.Oldest) > time.Second {
			last = i
		}
	}
	for _, q := range requests[:last+1] {
		c.Docs += q.Docs
		c.Bytes += int64(q.Bytes)
	}
	c.BackAfter = time.Unix(0, requests[0].At).Sub(back)
	c.Took = time.Duration(requests[last].At - requests[0].At)
	if s := c.Took.Seconds(); s > 0 {
		c.LinesPerSec = float64(c.Docs) / s
		c.BytesPerSec = float64(c.Bytes) / s
		c.Multiple = c.LinesPerSec / float64(liveRate)
	}
	return c
}
