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

// drained waits until the sink has as many documents as were written since
// begin, and then a moment for anything that should not come.
func (m *measured) drained(ctx context.Context) (Progress, error) {
	want := m.written()
	var last Progress
	changed := time.Now()
	for {
		p, err := m.runner.sink.progress(ctx)
		switch {
		case err != nil:
			return p, err
		case p.Problem != "":
			return p, fmt.Errorf("the sink could not read a request: %s", p.Problem)
		case uint64(p.Docs) >= want:
			if err := pause(ctx, settleTime); err != nil {
				return p, err
			}
			return m.runner.sink.progress(ctx)
		case p.Docs != last.Docs:
			last, changed = p, time.Now()
		case time.Since(changed) > stallLimit:
			return p, fmt.Errorf("%d of %d documents came, nothing new for %s; the agent says: %s", p.Docs, want, stallLimit, m.agentLog())
		}
		select {
		case <-m.agent.exited:
			return p, fmt.Errorf("the agent ended (%v) and says: %s", m.agent.err, m.agentLog())
		default:
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return p, err
		}
	}
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
