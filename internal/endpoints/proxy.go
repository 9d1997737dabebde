package endpoints

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"golang.org/x/net/proxy"
)

// dialThrough connects to an address, through the proxy of the config if there
// is one. HTTPS_PROXY and its like are for HTTP.
func (w *wire) dialThrough(ctx context.Context, address string) (net.Conn, error) {
	switch {
	case w.proxy == nil:
		return w.dialer.DialContext(ctx, "tcp", address)
	case w.proxy.Scheme == "http" || w.proxy.Scheme == "https":
		return w.tunnel(ctx, address)
	}
	var auth *proxy.Auth
	if u := w.proxy.User; u != nil {
		password, _ := u.Password()
		auth = &proxy.Auth{User: u.Username(), Password: password}
	}
	socks, err := proxy.SOCKS5("tcp", proxyAddress(w.proxy), auth, w.dialer)
	if err != nil {
		return nil, fmt.Errorf("use proxy: %w", err)
	}
	through, ok := socks.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("use proxy: it cannot be cancelled")
	}
	return through.DialContext(ctx, "tcp", address)
}

// tunnel asks an HTTP proxy for a connection to an address.
func (w *wire) tunnel(ctx context.Context, address string) (net.Conn, error) {
	c, err := w.dialer.DialContext(ctx, "tcp", proxyAddress(w.proxy))
	if err != nil {
		return nil, fmt.Errorf("connect to proxy: %w", err)
	}
	if w.proxy.Scheme == "https" {
		c = tls.Client(c, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: w.proxy.Hostname()})
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := w.askTunnel(c, address); err != nil {
		_ = c.Close() // of no use
		return nil, fmt.Errorf("ask proxy for a tunnel: %w", err)
	}
	return c, nil
}

func (w *wire) askTunnel(c net.Conn, address string) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if u := w.proxy.User; u != nil {
		password, _ := u.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	if err := req.Write(c); err != nil {
		return err
	}
	// One byte at a time: what follows the answer's head is the server's.
	answer, err := http.ReadResponse(bufio.NewReaderSize(oneByte{c}, 16), req)
	if err != nil {
		return err
	}
	_ = answer.Body.Close() // a tunnel's answer has none
	if answer.StatusCode != http.StatusOK {
		return &proxyRefusal{answer.StatusCode}
	}
	return nil
}

// proxyRefusal is an answer of a proxy that is no tunnel.
type proxyRefusal struct{ status int }

func (e *proxyRefusal) Error() string {
	return fmt.Sprintf("status %d %s", e.status, http.StatusText(e.status))
}

// oneByte reads a byte at a time, so that nothing is read ahead.
type oneByte struct{ net.Conn }

func (c oneByte) Read(p []byte) (int, error) { return c.Conn.Read(p[:min(len(p), 1)]) }

func proxyAddress(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port == "" {
		port = "1080"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
