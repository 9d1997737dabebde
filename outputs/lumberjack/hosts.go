package lumberjack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/renthub/sluice/internal/httpsend"
)

const (
	defaultPort = "5044"
	dialTimeout = 10 * time.Second // of one host, its TLS handshake included
)

// endpoint is one server.
type endpoint struct {
	host, port string
	tls        bool
}

func (e endpoint) address() string { return net.JoinHostPort(e.host, e.port) }

// parseEndpoint reads one of the endpoints. secure is whether one without a
// scheme speaks TLS.
func parseEndpoint(text string, secure bool) (endpoint, error) {
	text = strings.TrimSpace(text)
	e := endpoint{port: defaultPort, tls: secure}
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		text = rest
		switch scheme {
		case "tls":
			e.tls = true
		case "tcp":
			e.tls = false
		default:
			return e, fmt.Errorf("has the scheme %s", scheme)
		}
	}
	switch {
	case strings.ContainsAny(text, "/@? "):
		return e, errors.New("holds more than host and port")
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
		e.host = text[1 : len(text)-1]
	case strings.Contains(text, ":"):
		host, port, err := net.SplitHostPort(text)
		if err != nil || port == "" {
			return e, errors.New("has no port behind its colon")
		}
		e.host, e.port = host, port
	default:
		e.host = text
	}
	if e.host == "" {
		return e, errors.New("names no host")
	}
	return e, nil
}

// hosts are the servers to choose from, in turn.
type hosts struct {
	list []endpoint
	tls  *tls.Config
	next atomic.Uint32
}

func newHosts(c Config) (*hosts, error) {
	h := &hosts{}
	for _, text := range c.Endpoints {
		e, err := parseEndpoint(text, c.CAFile != "" || c.ClientCert != "")
		if err != nil {
			return nil, fmt.Errorf("an endpoint %w", err)
		}
		h.list = append(h.list, e)
	}
	transport, err := httpsend.NewTransport(httpsend.Config{
		CAFile: c.CAFile, CertFile: c.ClientCert, KeyFile: c.ClientKey, SkipVerify: c.TLSSkipVerify,
	})
	if err != nil {
		return nil, err
	}
	h.tls = transport.TLSClientConfig
	return h, nil
}

// dial connects to the next host that can be reached. Nothing was sent to
// those that could not, so trying all of them is one try.
func (h *hosts) dial(ctx context.Context) (net.Conn, error) {
	var all error
	first := h.next.Add(1) - 1
	for i := range h.list {
		e := h.list[(int(first)+i)%len(h.list)]
		conn, err := h.dialOne(ctx, e)
		if err == nil {
			return conn, nil
		}
		if all = errors.Join(all, fmt.Errorf("connect to %s: %w", e.address(), err)); ctx.Err() != nil {
			break
		}
	}
	return nil, all
}

func (h *hosts) dialOne(ctx context.Context, e endpoint) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3}}
	conn, err := d.DialContext(ctx, "tcp", e.address())
	if err != nil || !e.tls {
		return conn, err
	}
	config := h.tls.Clone()
	config.ServerName = e.host
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}
