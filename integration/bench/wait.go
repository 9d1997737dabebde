package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

func (c *sinkClient) begin(ctx context.Context, e Expect) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	var none struct{}
	return c.call(ctx, "/begin", bytes.NewReader(text), &none)
}

func (c *sinkClient) progress(ctx context.Context) (p Progress, err error) {
	return p, c.call(ctx, "/progress", nil, &p)
}

// tally counts what came since begin, in which so many lines were written.
func (c *sinkClient) tally(ctx context.Context, lines uint64, withGzip bool) (t Tally, err error) {
	q := url.Values{"count": {strconv.FormatUint(lines, 10)}, "gzip": {strconv.FormatBool(withGzip)}}
	return t, c.call(ctx, "/tally?"+q.Encode(), nil, &t)
}

func (c *sinkClient) open(ctx context.Context) error {
	var none struct{}
	return c.call(ctx, "/open", nil, &none)
}

func (c *sinkClient) shut(ctx context.Context) error {
	var none struct{}
	return c.call(ctx, "/shut", nil, &none)
}

const (
	stallLimit = 60 * time.Second       // with nothing new at the sink
	settleTime = 300 * time.Millisecond // for what comes after the last document: cursors, repeats
)

// drained waits until all sinks have as many documents as were written since
// begin, and then a moment for anything that should not come.
func (m *measured) drained(ctx context.Context) (Progress, error) {
	return m.drain(ctx, m.sinks)
}

// drain does so for some of the sinks. It returns the progress of the one that
// was last.
func (m *measured) drain(ctx context.Context, sinks []sinkClient) (last Progress, err error) {
	for _, s := range sinks {
		if err := m.filled(ctx, s); err != nil {
			return Progress{}, err
		}
	}
	if err := pause(ctx, settleTime); err != nil {
		return Progress{}, err
	}
	for _, s := range sinks {
		p, err := s.progress(ctx)
		if err != nil {
			return Progress{}, err
		}
		if p.Last >= last.Last {
			last = p
		}
	}
	return last, nil
}

// filled waits until one sink has as many documents as were written.
func (m *measured) filled(ctx context.Context, s sinkClient) error {
	want := m.written()
	var last Progress
	changed := time.Now()
	for {
		p, err := s.progress(ctx)
		switch {
		case err != nil:
			return err
		case p.Problem != "":
			return fmt.Errorf("the %s sink could not read a request: %s", s.kind, p.Problem)
		case uint64(p.Docs) >= want:
			return nil
		case p.Docs != last.Docs:
			last, changed = p, time.Now()
		case time.Since(changed) > stallLimit:
			return fmt.Errorf("%d of %d documents came to %s, nothing new for %s; the agent says: %s", p.Docs, want, s.kind, stallLimit, m.agentLog())
		}
		select {
		case <-m.agent.exited:
			return fmt.Errorf("the agent ended (%v) and says: %s", m.agent.err, m.agentLog())
		default:
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// tallies counts what came to each sink.
func (m *measured) tallies(ctx context.Context, withUnit bool) ([]Tally, error) {
	var list []Tally
	for _, s := range m.sinks {
		t, err := s.tally(ctx, m.written(), withUnit)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// pause waits, or returns ctx's error when it ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
