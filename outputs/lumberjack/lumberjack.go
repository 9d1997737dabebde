package lumberjack

import (
	"context"
	"fmt"
	"time"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Type is the lumberjack output.
var Type = outputs.Define("lumberjack", defaults(), open)

// Output sends documents to one or more Logstash servers.
type Output struct {
	config  Config
	meta    metadata
	group   *endpoints.Group
	conns   conns
	window  *window
	metrics metrics
}

// open makes an output. It reads the certificates' files and asks nothing of
// the network.
func open(c Config, d outputs.Deps) (outputs.Output, error) {
	for _, p := range c.Validate() {
		return nil, fmt.Errorf("%s: %s. %s", p.Attr, p.Summary, p.Detail)
	}
	group, err := endpoints.New(c.Config, endpoints.Deps{
		Name: d.Name, Logger: d.Logger, Metrics: d.Metrics, Schemes: c.schemes(), Port: defaultPort,
	})
	if err != nil {
		return nil, err
	}
	w := newWindow(c.MaxWindow)
	return &Output{config: c, meta: newMetadata(c.Beat, d.Version), group: group, window: w, metrics: newMetrics(d, w)}, nil
}

// Limits implements outputs.Output.
func (o *Output) Limits() outputs.Limits {
	return outputs.Limits{Bytes: int(o.config.MaxRequestSize), InFlight: o.config.InFlight}
}

// Close implements outputs.Output.
func (o *Output) Close() error {
	o.conns.close()
	return o.group.Close()
}

// Send implements outputs.Output. Documents behind the last one that was
// acknowledged are sent again.
func (o *Output) Send(ctx context.Context, r *outputs.Request) error {
	if len(r.Docs) == 0 {
		return nil
	}
	permit, err := o.group.Acquire(ctx)
	if err != nil {
		return err
	}
	c, err := o.connection(ctx)
	if err != nil {
		permit.Release(endpoints.Cancelled, 0, 0) // that no connection can be made says nothing of the load
		return err
	}
	start := time.Now()
	taken, err := c.exchange(ctx, r.Docs)
	outcome := outcomeOf(ctx, err)
	o.group.Report(c.endpoint, outcome, err)
	permit.Release(outcome, time.Since(start), int64(r.Size))
	if err == nil {
		o.conns.put(c)
		return nil
	}
	c.abort()
	o.window.failed()
	o.metrics.broken.Inc()
	if taken == 0 {
		return refusal(err)
	}
	return o.rest(r, taken, err)
}

// outcomeOf is what an exchange says of its endpoint.
func outcomeOf(ctx context.Context, err error) endpoints.Outcome {
	switch {
	case err == nil:
		return endpoints.OK
	case ctx.Err() != nil:
		return endpoints.Cancelled
	}
	return endpoints.Failed
}

// rest is the error for a request of which the first taken documents are
// there.
func (o *Output) rest(r *outputs.Request, taken int, err error) error {
	reason := httpsend.Excerpt(err.Error(), maxReason)
	failed := make([]outputs.Failure, 0, len(r.Docs)-taken)
	for i := taken; i < len(r.Docs); i++ {
		failed = append(failed, outputs.Failure{Index: i, Answer: outputs.Retry, Reason: reason})
	}
	return &outputs.Partial{Failed: failed}
}

// maxReason is the length of a reason, in bytes.
const maxReason = 1 << 10
