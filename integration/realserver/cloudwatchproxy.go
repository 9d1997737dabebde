//go:build integration

package realserver

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/renthub/sluice/internal/cwsim"
)

// CloudWatchProxy is a way to a server on which every PutLogEvents is checked as
// the real service would.
type CloudWatchProxy struct {
	*httptest.Server
	Puts, Bytes atomic.Int64 // calls, and bytes of them after decompression

	gate sync.RWMutex // held for reading by each call
}

// NewCloudWatchProxy puts a proxy before a server.
func NewCloudWatchProxy(t *testing.T, to string) *CloudWatchProxy {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := &CloudWatchProxy{}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // a dead server is no 502
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "Logs_20140328.PutLogEvents" {
			p.check(t, r)
		}
		p.gate.RLock()
		defer p.gate.RUnlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// Between runs do while no call is at the server: those that were there are
// answered, and further ones wait.
func (p *CloudWatchProxy) Between(do func()) {
	p.gate.Lock()
	defer p.gate.Unlock()
	do()
}

func (p *CloudWatchProxy) check(t *testing.T, r *http.Request) {
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
	p.Puts.Add(1)
	p.Bytes.Add(int64(len(body)))
}
