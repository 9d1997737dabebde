package endpoints

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// wire makes connections: through a proxy if there is one, with the
// certificates as they are on disk. Every step of it has a time-out.
type wire struct {
	config   Config
	files    *certificates
	dialer   *net.Dialer
	proxy    *url.URL                         // of the config; nil if there is none
	proxyFor func(*url.URL) (*url.URL, error) // of the environment too, for HTTP
	again    chan struct{}                    // wakes who reads the certificates' files
}

func newWire(c Config, d Deps) (*wire, error) {
	files, err := newCertificates(c, d)
	if err != nil {
		return nil, err
	}
	w := &wire{
		config: c, files: files, again: make(chan struct{}, 1),
		dialer: &net.Dialer{
			Timeout:         c.ConnectTimeout.Std(),
			Resolver:        d.Resolver,
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3},
		},
	}
	if w.proxy, err = parseProxy(c.Proxy.Reveal()); err != nil {
		return nil, fmt.Errorf("read proxy: %w", err)
	}
	switch {
	case w.proxy != nil:
		w.proxyFor = func(*url.URL) (*url.URL, error) { return w.proxy, nil }
	case c.Proxy.Reveal() == proxyNone:
		w.proxyFor = func(*url.URL) (*url.URL, error) { return nil, nil }
	default:
		w.proxyFor = httpproxy.FromEnvironment().ProxyFunc()
	}
	return w, nil
}

// transport is what requests to e go through now.
func (w *wire) transport(e *Endpoint) *http.Transport {
	for {
		config, generation := w.files.now()
		held := e.transport.Load()
		if held != nil && held.generation == generation {
			return held.http
		}
		made := &transport{w.newTransport(e, config), generation}
		if e.transport.CompareAndSwap(held, made) {
			if held != nil {
				held.http.CloseIdleConnections()
			}
			return made.http
		}
	}
}

// newTransport returns a transport in which no step can hang for ever: what has
// no time-out here is bounded by the try's. It speaks HTTP/1.1 alone: a request is large and few are in flight, so streams
// of one connection gain nothing, and a peer that died is noticed by its own
// connection. It follows no redirect and asks for no compressed answer.
func (w *wire) newTransport(e *Endpoint, config *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) { return w.proxyFor(r.URL) },
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == e.address && e.dial != "" {
				address = e.dial
			}
			return w.dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:        config.Clone(),
		TLSHandshakeTimeout:    w.config.ConnectTimeout.Std(),
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        55 * time.Second, // below the minute at which many balancers forget a connection
		MaxIdleConnsPerHost:    w.config.InFlight + 1,
		MaxResponseHeaderBytes: 64 << 10,
		WriteBufferSize:        64 << 10,
		ReadBufferSize:         16 << 10,
		DisableCompression:     true,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

// connect makes a connection for Dial.
func (w *wire) connect(ctx context.Context, e *Endpoint) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*w.config.ConnectTimeout.Std())
	defer cancel()
	address := e.address
	if e.dial != "" {
		address = e.dial
	}
	c, err := w.dialThrough(ctx, address)
	if err != nil || !isTLS(e.scheme) {
		return c, err
	}
	config, _ := w.files.now()
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = e.host
	}
	secured := tls.Client(c, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = c.Close() // of no use, and its error says nothing more
		return nil, err
	}
	return secured, nil
}

// suspect makes the certificates' files be read soon: an error may be theirs.
func (w *wire) suspect(err error) {
	if !needsPerson(err) {
		return
	}
	select {
	case w.again <- struct{}{}:
	default:
	}
}

func (e *Endpoint) closeIdle() {
	if t := e.transport.Load(); t != nil {
		t.http.CloseIdleConnections()
	}
}
