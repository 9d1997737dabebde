package httpsend

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func get(t *testing.T, c Config, url string) error {
	t.Helper()
	transport, err := NewTransport(c)
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	Finish(res.Body)
	return nil
}

func TestCertificatesAreVerified(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	ca := write(t, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	var unverified *tls.CertificateVerificationError
	if err := get(t, Config{}, server.URL); !errors.As(err, &unverified) {
		t.Errorf("unknown authority: got %v, want a verification error", err)
	}
	if err := get(t, Config{CAFile: ca}, server.URL); err != nil {
		t.Errorf("known authority: %v", err)
	}
	if err := get(t, Config{SkipVerify: true}, server.URL); err != nil {
		t.Errorf("skipped: %v", err)
	}
	// httptest's certificate is for 127.0.0.1 and example.com, not for localhost.
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := get(t, Config{CAFile: ca}, "https://localhost:"+port); !errors.As(err, &unverified) {
		t.Errorf("another name: got %v, want a verification error", err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	if err := get(t, Config{SkipVerify: true}, server.URL); err == nil {
		t.Error("TLS 1.1: got no error")
	}
}

func TestFilesOfCertificatesAreChecked(t *testing.T) {
	empty := write(t, "empty.pem", []byte("no certificate"))
	for name, c := range map[string]Config{
		"a missing CA":                {CAFile: filepath.Join(t.TempDir(), "none.pem")},
		"a CA without certificate":    {CAFile: empty},
		"a certificate without key":   {CertFile: empty},
		"a certificate that is none":  {CertFile: empty, KeyFile: empty},
		"a key without a certificate": {KeyFile: empty},
	} {
		if _, err := NewTransport(c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestABodyIsSentWithItsLength(t *testing.T) {
	var got []byte
	var length int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		length = r.ContentLength
	}))
	defer server.Close()
	transport, err := NewTransport(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	body := NewBody([][]byte{[]byte("abc"), []byte("def")})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := RoundTripper{transport}.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	Finish(res.Body)
	if string(got) != "abcdef" || length != 6 {
		t.Errorf("got %q with length %d, want abcdef with 6", got, length)
	}
}

func TestAServerWithoutAnAnswerIsLeft(t *testing.T) {
	hold := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer server.Close()
	defer close(hold)
	start := time.Now()
	err := get(t, Config{Timeout: 50 * time.Millisecond}, server.URL)
	if err == nil || errors.Is(err, context.Canceled) || time.Since(start) > 5*time.Second {
		t.Errorf("got %v after %v, want a timeout after 50ms", err, time.Since(start))
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	if err := get(t, Config{}, server.URL); err != nil || asked != 1 {
		t.Errorf("got %d requests, %v, want 1", asked, err)
	}
}
