package endpoints

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// Dial connects to one endpoint, through the proxy if there is one, and speaks
// TLS where its scheme says so. The connection counts as the endpoint's until
// it is closed. What becomes of each use of it is to be told by Report.
func (g *Group) Dial(ctx context.Context, key string) (net.Conn, *Endpoint, error) {
	g.start()
	t, err := g.choose(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	c, err := g.wire.connect(ctx, t.Endpoint)
	if err != nil {
		err = g.explain(t.Endpoint, err)
		t.failed(ctx, err)
		return nil, nil, g.verdict(err)
	}
	if t.trial { // else what is done over it decides: a port can be open before a dead server
		g.update(func(now time.Time) { t.note(now, g.rules, OK, nil, true, g.needed(t.Endpoint)) })
	}
	return &conn{Conn: c, group: g, endpoint: t.Endpoint}, t.Endpoint, nil
}

// DialAddress connects to a place that is no endpoint of the group, HOST:PORT,
// in the same way: through the proxy, with the certificates and the time-outs.
// It is for destinations that name their other servers by themselves. secure is
// whether TLS is spoken.
func (g *Group) DialAddress(ctx context.Context, address string, secure bool) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read address: %w", err)
	}
	g.start()
	e := &Endpoint{scheme: "tcp", host: host, address: address}
	if secure {
		e.scheme = "tls"
	}
	c, err := g.wire.connect(ctx, e)
	if err != nil {
		err = g.explain(e, err)
		g.wire.suspect(err)
		return nil, g.verdict(err)
	}
	return &conn{Conn: c, group: g}, nil
}

// Report says how what was done over a connection ended. err is why it failed.
func (g *Group) Report(e *Endpoint, o Outcome, err error) {
	if err != nil {
		err = g.explain(e, err)
	}
	g.update(func(now time.Time) { e.note(now, g.rules, o, err, false, 1) })
	g.metrics.tried(e, o)
	if o == Failed {
		g.wire.suspect(err)
	}
}

// conn is a connection of Dial or DialAddress.
type conn struct {
	net.Conn
	group    *Group
	endpoint *Endpoint // nil for DialAddress
	closed   sync.Once
}

// Write implements io.Writer, within bandwidth_limit.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.group.pace.send(c.group.ctx, int64(len(p))); err != nil {
		return 0, fmt.Errorf("wait for bandwidth_limit: %w", err)
	}
	return c.Conn.Write(p)
}

// Close implements io.Closer.
func (c *conn) Close() error {
	c.closed.Do(func() {
		if c.endpoint != nil {
			c.group.update(func(time.Time) { c.endpoint.inFlight-- })
		}
	})
	return c.Conn.Close()
}

// NetConn is the connection itself, a *tls.Conn where TLS is spoken.
func (c *conn) NetConn() net.Conn { return c.Conn }
