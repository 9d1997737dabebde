//go:build integration

package rig

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/essim"
)

// Store is a simulated Elasticsearch that counts lines, and that can go away
// and come back on the same address.
type Store struct {
	Ledger Ledger

	sim  *essim.Server
	addr string

	mu     sync.Mutex
	server *httptest.Server // nil while it is away; guarded by mu

	active    atomic.Int64 // bulk requests that have not been answered
	lastStart atomic.Int64 // when the last one's head was read, Unix ns
}

// NewStore starts a store that takes the streams logs-*. Its ids are kept, so
// that what is sent again is answered with 409.
func NewStore(t testing.TB, o essim.Options) *Store {
	t.Helper()
	s := &Store{}
	o.KeepIDs = true
	o.Templates = append(o.Templates, "logs-*")
	given := o.OnDoc
	o.OnDoc = func(index, id string, doc []byte) {
		s.Ledger.Add(doc)
		if given != nil {
			given(index, id, doc)
		}
	}
	s.sim = essim.New(o)
	s.Up(t)
	t.Cleanup(s.Down)
	return s
}

// URL is where agents reach the store.
func (s *Store) URL() string { return "http://" + s.addr }

// Sim is the simulator itself, to make faults and read counts.
func (s *Store) Sim() *essim.Server { return s.sim }

// Up lets the store serve.
func (s *Store) Up(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return
	}
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.server = httptest.NewUnstartedServer(s)
	s.server.Listener.Close()
	s.server.Listener = l
	s.server.Start()
}

// Down refuses connections, and cuts those that are open.
func (s *Store) Down() {
	s.mu.Lock()
	server := s.server
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return
	}
	server.Listener.Close()
	server.CloseClientConnections()
	server.Close()
}

// ServeHTTP implements http.Handler.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/_bulk") {
		s.lastStart.Store(time.Now().UnixNano())
		s.active.Add(1)
		defer s.active.Add(-1)
	}
	s.sim.ServeHTTP(w, r)
}

// InFlight is how many bulk requests have not been answered.
func (s *Store) InFlight() int { return int(s.active.Load()) }

// LastRequest is when the last bulk request came.
func (s *Store) LastRequest() time.Time { return time.Unix(0, s.lastStart.Load()) }

// Await waits until so many documents came, as long as any come.
func (s *Store) Await(t testing.TB, a *Agent, want uint64) {
	t.Helper()
	const patience = 60 * time.Second
	came, changed := s.Ledger.Came(), time.Now()
	for came < want {
		if now := s.Ledger.Came(); now != came {
			came, changed = now, time.Now()
			continue
		}
		if time.Since(changed) > patience || !a.Running() {
			t.Fatalf("%d of %d documents came, running %v, nothing new for %s; the agent says: %s",
				came, want, a.Running(), time.Since(changed).Round(time.Second), a.Log())
		}
		Pause(5 * time.Millisecond)
	}
}
