package endpoints

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/internal/httpsend"
)

// testDeps are deps of a group over HTTP.
func testDeps() Deps {
	return Deps{
		Name: "test.main", Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Schemes: []string{"http", "https"}, Key: "host",
	}
}

// openGroup opens a group that is closed at the test's end.
func openGroup(t testing.TB, c Config, d Deps) *Group {
	t.Helper()
	g, err := New(c, d)
	if err != nil {
		t.Fatalf("new group: %v", err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return g
}

// config is the defaults with endpoints, and without health checks.
func testConfig(urls ...string) Config {
	c := Defaults()
	c.Endpoints = At(urls...)
	c.HealthCheck.Interval = 0
	return c
}

// serve starts a server.
func serve(t testing.TB, f http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s
}

// say answers with a text.
func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// ask sends a request and returns the answer's body.
func ask(t testing.TB, g *Group, key string) (string, error) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "/_bulk", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := g.Do(t.Context(), req, key)
	if err != nil {
		return "", err
	}
	defer httpsend.Finish(answer.Body)
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func mustRequest(t testing.TB) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "/", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// serverOf is a server with a certificate of a.
func serverOf(a *authority) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.issue(nil)}}
}

// lines are what was logged.
type lines struct {
	mu   sync.Mutex
	all  []string  // guarded by mu
	when time.Time // guarded by mu; of the first
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write implements io.Writer: one line each time.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		l.when = time.Now()
	}
	l.all = append(l.all, string(p))
	return len(p), nil
}

func (l *lines) first() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.when
}

func (l *lines) count(part string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}
