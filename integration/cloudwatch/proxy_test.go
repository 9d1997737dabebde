//go:build integration

package cloudwatch

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/renthub/sluice/internal/cwsim"
)

// checkingProxy is a way to a server on which every PutLogEvents is checked as
// the real service would.
type checkingProxy struct {
	*httptest.Server
	puts, events atomic.Int64 // calls, and bytes of them after decompression
}

func newProxy(t *testing.T, to string) *checkingProxy {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := &checkingProxy{}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // a dead server is no 502
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "Logs_20140328.PutLogEvents" {
			p.check(t, r)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *checkingProxy) check(t *testing.T, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("read request: %v", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	if r.Header.Get("Content-Encoding") != "gzip" || r.ContentLength != int64(len(raw)) {
		t.Errorf("encoding %q, length %d of %d: want gzip and a right length", r.Header.Get("Content-Encoding"), r.ContentLength, len(raw))
	}
	body, err := cwsim.Inflate(raw)
	if err != nil {
		t.Errorf("inflate request: %v", err)
		return
	}
	if err := cwsim.CheckPut(body); err != nil {
		t.Errorf("the service would refuse a request: %v", err)
	}
	p.puts.Add(1)
	p.events.Add(int64(len(body)))
}
