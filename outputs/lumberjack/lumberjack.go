package lumberjack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Type is the lumberjack output.
var Type = outputs.Define("lumberjack", defaults(), open)

// Output sends documents to one or more Logstash servers.
type Output struct {
	config  Config
	meta    metadata
	hosts   *hosts
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
	h, err := newHosts(c)
	if err != nil {
		return nil, err
	}
	if c.TLSSkipVerify {
		d.Logger.Warn("certificates are not verified: anyone on the way can read and change logs", "output", d.Name, "setting", "tls_skip_verify")
	}
	w := newWindow(c.MaxWindow)
	return &Output{config: c, meta: newMetadata(c.Beat, d.Version), hosts: h, window: w, metrics: newMetrics(d, w)}, nil
}

// Limits implements outputs.Output.
func (o *Output) Limits() outputs.Limits {
	return outputs.Limits{Bytes: int(o.config.MaxRequestSize), InFlight: o.config.InFlight}
}

// Close implements outputs.Output.
func (o *Output) Close() error {
	o.conns.close()
	return nil
}

// Send implements outputs.Output. Documents behind the last one that was
// acknowledged are sent again.
func (o *Output) Send(ctx context.Context, r *outputs.Request) error {
	if len(r.Docs) == 0 {
		return nil
	}
	c, err := o.connection(ctx)
	if err != nil {
		return refusal(err)
	}
	taken, err := c.exchange(ctx, r.Docs)
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

// connection returns an idle connection, or a new one.
func (o *Output) connection(ctx context.Context) (*conn, error) {
	if c := o.conns.take(); c != nil {
		return c, nil
	}
	f, err := newFrames(o.meta, o.config.CompressionLevel)
	if err != nil {
		return nil, err
	}
	nc, err := o.hosts.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{
		Conn: nc, raw: belowTLS(nc), timeout: o.config.Timeout.Std(), frames: f,
		window: o.window, pipelining: o.config.Pipelining, metrics: o.metrics,
	}, nil
}

// refusal is err, marked if a person must act.
func refusal(err error) error {
	var certificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	var op *net.OpError
	// A remote error is what TLS calls the server's own refusal: of our
	// certificate, of there being none, of the version.
	refused := errors.As(err, &op) && op.Op == "remote error"
	if refused || errors.As(err, &certificate) || errors.As(err, &notTLS) {
		return &outputs.Misconfigured{Err: err}
	}
	return err
}
