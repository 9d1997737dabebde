package endpoints

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// errTimeout is why a try ended that took longer than it may.
var errTimeout = errors.New("no whole answer in time")

// RoundTrip implements http.RoundTripper: Do without a key.
func (g *Group) RoundTrip(req *http.Request) (*http.Response, error) {
	return g.Do(req.Context(), req, "")
}

// Do sends a request to one endpoint. The host of its URL counts for nothing.
// It waits until in_flight, rate_limit and bandwidth_limit allow it; what comes
// then is bounded by the setting timeout. key is what the balance "hash" goes
// by. The body of the answer must be closed.
func (g *Group) Do(ctx context.Context, req *http.Request, key string) (*http.Response, error) {
	g.start()
	size := bodySize(req)
	if err := g.pace.request(ctx, size); err != nil {
		return nil, fmt.Errorf("wait for rate_limit and bandwidth_limit: %w", err)
	}
	permit, err := g.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	t, err := g.choose(ctx, key)
	if err != nil {
		permit.Release(Cancelled, 0, size)
		return nil, err
	}
	answer, err := t.do(ctx, req)
	if err != nil {
		o := t.failed(ctx, err)
		permit.late = isLate(err)
		permit.Release(o, 0, size)
		return nil, g.verdict(err)
	}
	answer.permit, answer.size = permit, size
	return answer.response, nil
}

// bodySize is the length of a request's body, as far as it is known.
func bodySize(req *http.Request) int64 {
	if b, ok := req.Body.(*httpsend.Body); ok {
		return b.Size()
	}
	return max(req.ContentLength, 0)
}

// do sends a request to t's endpoint.
func (t try) do(ctx context.Context, req *http.Request) (*answer, error) {
	g := t.group
	ctx, cancel := context.WithTimeout(ctx, g.config.Timeout.Std())
	out := t.addressed(ctx, req)
	if g.deps.Authorize != nil {
		if err := g.deps.Authorize(out); err != nil {
			cancel()
			return nil, &notTried{err}
		}
	}
	start := time.Now()
	response, err := g.wire.transport(t.Endpoint).RoundTrip(out)
	if err != nil {
		err = g.explain(t.Endpoint, late(ctx, err))
		cancel()
		return nil, err
	}
	t.answered.Store(true)
	a := &answer{
		try: t, response: response, body: response.Body, cancel: cancel, ctx: ctx,
		left: g.deps.MaxAnswer, latency: time.Since(start), outcome: outcomeOf(response.StatusCode),
	}
	if g.deps.Outcome != nil {
		a.outcome = g.deps.Outcome(response)
	}
	if a.outcome == Failed {
		a.err = fmt.Errorf("status %d", response.StatusCode)
	}
	response.Body = a
	return a, nil
}

// notTried is an error that says nothing of the endpoint.
type notTried struct{ error }

func (e *notTried) Unwrap() error { return e.error }

// addressed is a copy of a request that goes to t's endpoint.
func (t try) addressed(ctx context.Context, req *http.Request) *http.Request {
	out := req.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.Host = t.scheme, t.address, ""
	out.URL.Path = t.path + out.URL.Path
	if out.URL.RawPath != "" {
		out.URL.RawPath = t.path + out.URL.RawPath
	}
	if b, ok := out.Body.(*httpsend.Body); ok {
		out.ContentLength = b.Size()
		// Only for a kept connection that turned out to be closed before
		// anything was written: net/http repeats a POST in no other case.
		out.GetBody = b.Rewind
	}
	return out
}

// failed ends a try that has no answer.
func (t try) failed(ctx context.Context, err error) Outcome {
	o := Failed
	var before *notTried
	if errors.As(err, &before) || errors.Is(ctx.Err(), context.Canceled) {
		o = Cancelled // the caller's doing
	}
	t.done(o, err)
	return o
}

// isLate reports whether a try ran out of the time for all of it.
func isLate(err error) bool { return errors.Is(err, errTimeout) }

// late says that the time for all of a try is over, if that is why it failed.
func late(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", errTimeout, err)
	}
	return err
}

// verdict is the error of a try that failed: where a person must act it is
// Misconfigured, unless another endpoint can do without.
func (g *Group) verdict(err error) error {
	if !needsPerson(err) {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.endpoints {
		if e.state == Closed && e.failures == 0 {
			return err
		}
	}
	return &outputs.Misconfigured{Err: err}
}

// answer is the body of an answer, whose Close ends the try.
type answer struct {
	try
	response *http.Response
	body     io.ReadCloser
	permit   *Permit
	cancel   context.CancelFunc
	ctx      context.Context
	size     int64 // of the request
	left     int64 // that may still be read
	latency  time.Duration
	closed   sync.Once

	mu      sync.Mutex
	outcome Outcome // guarded by mu
	err     error   // guarded by mu; why it failed
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, httpsend.ErrLong
	}
	n, err := a.body.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	if err == nil || err == io.EOF {
		return n, err
	}
	o := Failed
	if err = late(a.ctx, err); errors.Is(a.ctx.Err(), context.Canceled) {
		o = Cancelled
	}
	a.report(o, err)
	return n, err
}

func (a *answer) report(o Outcome, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outcome, a.err = o, err
}

// Close implements io.Closer.
func (a *answer) Close() error {
	err := a.body.Close()
	a.closed.Do(func() {
		a.cancel()
		a.mu.Lock()
		o, why := a.outcome, a.err
		a.mu.Unlock()
		a.done(o, why)
		a.permit.late = isLate(why)
		a.permit.Release(o, a.latency, a.size)
	})
	return err
}

// ReportBody says what an answer's body told of its endpoint, before it is
// closed: a status of 200 can hold nothing but refusals. It ignores a body that
// is not from a group.
func ReportBody(body io.ReadCloser, o Outcome, err error) {
	if a, ok := body.(*answer); ok {
		a.report(o, err)
	}
}
