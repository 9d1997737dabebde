// Package admin is the agent's HTTP address: health for Kubernetes, metrics
// for Prometheus, status and control for the sluice command.
//
//	GET  /livez              200 while the process answers
//	GET  /readyz             200 once the config is loaded and the buffer can be written; a dead destination does not matter
//	GET  /metrics            Prometheus
//	GET  /api/status         what the agent is doing, JSON
//	POST /api/reload         apply the config again; 409 and the reason if that fails
//	POST /api/forget?name=N  forget the cursor of an output that the config does not have
//
// On loopback it needs no token, but a Host that is loopback too, so that no
// web page reaches it by a name of its own; elsewhere all but the health paths
// need the token.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Agent is what the address shows and controls. Its methods are called
// concurrently.
type Agent interface {
	Status() any
	Ready() error
	Reload() error
	Forget(output string) error
}

// Options configure a Server.
type Options struct {
	Listen string // host:port
	// Fallback lets a port that is in use be replaced by a free one.
	Fallback bool
	Token    string // needed where Listen is not loopback
	Metrics  prometheus.Gatherer
	Logger   *slog.Logger
}

// Server is the agent's HTTP address.
type Server struct {
	listener net.Listener
	server   *http.Server
	done     chan error
}

// Start listens and serves until Close.
func Start(o Options, a Agent) (*Server, error) {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("admin address %q: %w", o.Listen, err)
	}
	guard := guard{token: o.Token, loopback: isLoopback(host)}
	if !guard.loopback && o.Token == "" {
		return nil, fmt.Errorf("admin address %s is not loopback: it needs a token (admin { token = ... })", o.Listen)
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil && o.Fallback {
		l, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("listen for admin: %w", err)
	}
	s := &Server{listener: l, done: make(chan error, 1)}
	s.server = &http.Server{
		Handler: guard.wrap(routes(o, a)), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	go func() { s.done <- s.server.Serve(l) }()
	return s, nil
}

// Addr is the address listened on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close ends the server; requests under way get a second.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func routes(o Options, a Agent) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.Ready(); err != nil {
			answer(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": err.Error()})
			return
		}
		answer(w, http.StatusOK, map[string]string{"status": "ready"})
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, a.Status()) })
	mux.HandleFunc("POST /api/reload", func(w http.ResponseWriter, _ *http.Request) { outcome(w, a.Reload()) })
	mux.HandleFunc("POST /api/forget", func(w http.ResponseWriter, r *http.Request) { outcome(w, a.Forget(r.URL.Query().Get("name"))) })
	return mux
}

// outcome answers a request that changed something, or did not.
func outcome(w http.ResponseWriter, err error) {
	if err != nil {
		answer(w, http.StatusConflict, map[string]string{"error": err.Error()})
		return
	}
	answer(w, http.StatusOK, map[string]string{"status": "done"})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the client has gone; there is nobody to tell
}
