package lumberjack

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
)

const defaultPort = "5044"

// maxAge is how long a connection is used. Its end is a chance for endpoints
// that came back, and for those behind one name.
const maxAge = 5 * time.Minute

// connection returns an idle connection, or a new one. Idle ones to standbys end
// when these hand back, and so do those to endpoints that are gone.
func (o *Output) connection(ctx context.Context) (*conn, error) {
	for c := o.conns.pop(); c != nil; c = o.conns.pop() {
		if c.usable() && o.group.InUse(c.endpoint) {
			return c, nil
		}
		c.abort()
	}
	f, err := newFrames(o.meta, o.config.CompressionLevel)
	if err != nil {
		return nil, err
	}
	nc, e, err := o.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{
		Conn: nc, raw: bottom(nc), endpoint: e, made: time.Now(), timeout: o.config.Timeout.Std(), writeSize: o.config.writeSize(),
		frames: f, window: o.window, pipelining: o.config.Pipelining, metrics: o.metrics,
	}, nil
}

// dial connects to the first endpoint that can be reached. Nothing was sent to
// those that could not, so trying several is one try.
func (o *Output) dial(ctx context.Context) (nc net.Conn, e *endpoints.Endpoint, err error) {
	for range o.config.Endpoints {
		nc, e, err = o.group.Dial(ctx, "")
		var all *outputs.Unreachable // none is in use
		if err == nil || ctx.Err() != nil || errors.As(err, &all) {
			break
		}
	}
	return nc, e, err
}

// bottom is the connection below TLS and all else.
func bottom(c net.Conn) net.Conn {
	for {
		above, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = above.NetConn()
	}
}

// refusal is the error of a connection that broke, marked if a person must act.
// A remote error is what TLS calls the server's own refusal: of our certificate,
// of there being none. With TLS 1.3 it comes after the handshake.
func refusal(err error) error {
	var op *net.OpError
	var notTLS tls.RecordHeaderError
	if errors.As(err, &op) && op.Op == "remote error" || errors.As(err, &notTLS) {
		return &outputs.Misconfigured{Err: err}
	}
	return err
}
