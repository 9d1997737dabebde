package http

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// collector is a strict server: it takes a body only if all of it is as its
// headers say.
type collector struct {
	*httptest.Server

	mu       sync.Mutex
	stored   []string            // guarded by mu
	requests []*nethttp.Request  // guarded by mu; without bodies
	fault    nethttp.HandlerFunc // guarded by mu; of the next request
	always   nethttp.HandlerFunc // guarded by mu; nil takes everything
}

func newCollector(t testing.TB) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	c.mu.Lock()
	react := c.always
	if c.fault != nil {
		react, c.fault = c.fault, nil
	}
	c.requests = append(c.requests, r)
	c.mu.Unlock()
	if react != nil {
		react(w, r)
		return
	}
	docs, err := readBody(r)
	if err != nil {
		nethttp.Error(w, err.Error(), nethttp.StatusUnprocessableEntity)
		return
	}
	c.mu.Lock()
	c.stored = append(c.stored, docs...)
	c.mu.Unlock()
	fmt.Fprintln(w, "thank you")
}

// next sets what happens to the next request.
func (c *collector) next(h nethttp.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = h
}

// every sets what happens to every request.
func (c *collector) every(h nethttp.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.always = h
}

func (c *collector) docs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.stored...)
}

func (c *collector) last() *nethttp.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests[len(c.requests)-1]
}

// readBody returns the documents of a request.
func readBody(r *nethttp.Request) ([]string, error) {
	packed, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if int64(len(packed)) != r.ContentLength {
		return nil, fmt.Errorf("Content-Length is %d, and the body has %d bytes", r.ContentLength, len(packed))
	}
	body, err := unpack(packed, r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	switch r.Header.Get("Content-Type") {
	case "application/json":
		var list []json.RawMessage
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, err
		}
		var docs []string
		for _, doc := range list {
			docs = append(docs, string(doc))
		}
		return docs, nil
	case "application/x-ndjson":
		text, ok := strings.CutSuffix(string(body), "\n")
		if !ok {
			return nil, fmt.Errorf("the last line has no end")
		}
		docs := strings.Split(text, "\n")
		for _, doc := range docs {
			if !json.Valid([]byte(doc)) {
				return nil, fmt.Errorf("a line is no JSON: %q", doc)
			}
		}
		return docs, nil
	}
	return nil, fmt.Errorf("content type %q", r.Header.Get("Content-Type"))
}

func unpack(packed []byte, encoding string) ([]byte, error) {
	switch encoding {
	case "":
		return packed, nil
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	case "zstd":
		z, err := zstd.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return io.ReadAll(z)
	}
	return nil, fmt.Errorf("content encoding %q", encoding)
}

// status answers with a status.
func status(code int, header ...string) nethttp.HandlerFunc {
	return func(w nethttp.ResponseWriter, r *nethttp.Request) {
		io.Copy(io.Discard, r.Body)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		nethttp.Error(w, "no\n such\x00 luck", code)
	}
}

// cut ends the connection without an answer.
func cut(nethttp.ResponseWriter, *nethttp.Request) { panic(nethttp.ErrAbortHandler) }

// half announces a longer answer than it gives.
func half(w nethttp.ResponseWriter, r *nethttp.Request) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Length", "100")
	io.WriteString(w, "thank")
}

// openTo opens an output that sends to a server.
func openTo(t testing.TB, d outputs.Deps, url string, change func(*Config)) outputs.Output {
	t.Helper()
	c := defaults()
	c.Endpoints = endpoints.At(url)
	if change != nil {
		change(&c)
	}
	o, err := open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func opened(t *testing.T, c *collector, change func(*Config)) outputs.Output {
	t.Helper()
	o := openTo(t, outputtest.Deps(t), c.URL, change)
	t.Cleanup(func() { o.Close() })
	return o
}
