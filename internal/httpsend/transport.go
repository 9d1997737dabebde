package httpsend

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// Config is how connections to a destination are made.
type Config struct {
	CAFile   string // PEM; "" trusts the system's
	CertFile string // PEM, the client's certificate; "" has none
	KeyFile  string // PEM, its key
	// SkipVerify takes any certificate. Who sets it must warn.
	SkipVerify bool
	// Timeout bounds the wait for the head of an answer. The whole exchange
	// is bounded by the request's context.
	Timeout time.Duration
	// Conns is how many connections to one host are kept while idle.
	Conns int
}

// NewTransport returns a transport in which no step can hang for ever. It
// speaks HTTP/1.1 alone: a request is large and few are in flight, so streams
// of one connection gain nothing, and a peer that died is noticed by its own
// connection. It follows no redirect and asks for no compressed answer.
func NewTransport(c Config) (*http.Transport, error) {
	tlsConfig, err := c.tls()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{
		Timeout:         10 * time.Second,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3},
	}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  c.headTimeout(),
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        55 * time.Second, // below the minute at which many balancers forget a connection
		MaxIdleConnsPerHost:    max(c.Conns, 1),
		MaxResponseHeaderBytes: 64 << 10,
		WriteBufferSize:        64 << 10,
		ReadBufferSize:         16 << 10,
		DisableCompression:     true,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
	}, nil
}

func (c Config) tls() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.SkipVerify}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read ca_file %s: it holds no certificate in PEM", c.CAFile)
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, errors.New("client_cert and client_key must be set together")
	}
	if c.CertFile != "" {
		if _, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile); err != nil {
			return nil, fmt.Errorf("read client_cert and client_key: %w", err)
		}
		// Read again at each handshake, so that a renewed certificate is used.
		t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
			return &pair, err
		}
	}
	return t, nil
}

// headTimeout is Timeout, or what it is when it was not set.
func (c Config) headTimeout() time.Duration {
	if c.Timeout <= 0 {
		return time.Minute
	}
	return c.Timeout
}
