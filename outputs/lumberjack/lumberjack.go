package lumberjack

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/renthub/sluice/event"
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

// Endpoints implements outputs.Grouped.
func (o *Output) Endpoints() []outputs.EndpointStatus { return o.group.Status() }

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
	docs := o.fitting(r.Docs)
	taken, err := o.deliver(ctx, docs)
	switch {
	case len(docs) < len(r.Docs):
		return o.rest(r, taken, err)
	case err == nil:
		return nil
	case taken == 0:
		return err
	}
	return o.rest(r, taken, err)
}

// fitting returns the documents that are not too long.
func (o *Output) fitting(docs []event.Doc) []event.Doc {
	for i := range docs {
		if o.isLong(&docs[i]) {
			return slices.DeleteFunc(slices.Clone(docs), func(d event.Doc) bool { return o.isLong(&d) })
		}
	}
	return docs
}

func (o *Output) isLong(d *event.Doc) bool {
	limit := int(o.config.MaxDocumentSize)
	return limit > 0 && len(d.JSON) > limit
}

// deliver sends docs over one connection, and returns how many were taken.
func (o *Output) deliver(ctx context.Context, docs []event.Doc) (taken int, err error) {
	if len(docs) == 0 {
		return 0, nil
	}
	permit, err := o.group.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	c, err := o.connection(ctx)
	if err != nil {
		permit.Release(endpoints.Cancelled, 0, 0) // that no connection can be made says nothing of the load
		return 0, err
	}
	start := time.Now()
	taken, err = c.exchange(ctx, docs)
	outcome := outcomeOf(ctx, err)
	o.group.Report(c.endpoint, outcome, err)
	permit.Release(outcome, time.Since(start), sizeOf(docs))
	if err == nil {
		o.conns.put(c)
		return taken, nil
	}
	c.abort()
	o.window.failed()
	o.metrics.broken.Inc()
	return taken, refusal(err)
}

func sizeOf(docs []event.Doc) (n int64) {
	for i := range docs {
		n += int64(len(docs[i].JSON))
	}
	return n
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

// rest is the error for a request of which only the first taken of the
// documents that fit are there.
func (o *Output) rest(r *outputs.Request, taken int, err error) error {
	reason := ""
	if err != nil {
		reason = httpsend.Excerpt(err.Error(), maxReason)
	}
	var failed []outputs.Failure
	for i := range r.Docs {
		switch {
		case o.isLong(&r.Docs[i]):
			failed = append(failed, outputs.Failure{
				Index: i, Answer: outputs.Poison, Reason: fmt.Sprintf("%d bytes are more than max_document_size", len(r.Docs[i].JSON)),
			})
		case taken > 0:
			taken--
		default:
			failed = append(failed, outputs.Failure{Index: i, Answer: outputs.Retry, Reason: reason})
		}
	}
	return &outputs.Partial{Failed: failed}
}

// maxReason is the length of a reason, in bytes.
const maxReason = 1 << 10
