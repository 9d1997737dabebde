package hecsim

import (
	"net/http"
	"sync"
)

// Token is what one HEC token may do.
type Token struct {
	Disabled bool
	Indexes  []string // that it may write to; empty is all
	Default  string   // the index of an object that names none; "" is "main"
	Acks     bool     // useACK
}

// Options say how a Server behaves. The zero value has no token.
type Options struct {
	Tokens map[string]Token
	// MaxBody is the largest request after decompression, in bytes; 0 is
	// Enterprise's 838,860,800.
	MaxBody int
	// Cloud answers a larger body as Splunk Cloud does: as if its first object
	// were malformed.
	Cloud bool
	// MaxEvent is maxEventSize, in bytes; 0 is 5 MiB.
	MaxEvent int
	// DropsPrefix stores nothing of a request with a bad object, as an older
	// server seems to do. Else the objects before it are stored.
	DropsPrefix bool
	// IndexPrefix stores the objects before one whose index is refused. What
	// the real server does is not known.
	IndexPrefix bool
	// AckPolls is how often a request is asked for in vain before it is
	// indexed. Its objects are stored only then.
	AckPolls int
	// Unhealthy is the code of /health, 18 to 20; 0 is healthy.
	Unhealthy int
}

// Object is what was stored of one object.
type Object struct {
	Index, Host, Source, Sourcetype string
	Time                            string // as it was sent
	Fields                          map[string]string
	Event                           string // as it was sent
}

// Counts are what a Server has seen.
type Counts struct {
	Requests int // with events
	Polls    int
	Stored   int
	Healths  int
}

// Server is the simulator, an http.Handler.
type Server struct {
	options Options
	faults  faults
	mux     *http.ServeMux

	mu       sync.Mutex
	stored   []Object            // guarded by mu
	counts   Counts              // guarded by mu
	channels map[string]*channel // guarded by mu; by token and channel
	tokens   map[string]Token    // guarded by mu
}

// New returns a Server.
func New(o Options) *Server {
	if o.MaxBody == 0 {
		o.MaxBody = 838860800
	}
	if o.MaxEvent == 0 {
		o.MaxEvent = 5 << 20
	}
	s := &Server{options: o, channels: map[string]*channel{}, tokens: map[string]Token{}, mux: http.NewServeMux()}
	for k, t := range o.Tokens {
		s.tokens[k] = t
	}
	for _, p := range []string{"/services/collector", "/services/collector/event", "/services/collector/event/1.0"} {
		s.mux.HandleFunc("POST "+p, s.events)
	}
	s.mux.HandleFunc("POST /services/collector/ack", s.acks)
	s.mux.HandleFunc("GET /services/collector/health", s.health)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// SetToken changes what a token may do.
func (s *Server) SetToken(name string, t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[name] = t
}

// Stored returns what has been indexed, in that order.
func (s *Server) Stored() []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Object(nil), s.stored...)
}

// Counts returns what the server has seen so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Stored = len(s.stored)
	return c
}

// Restart is what a killed indexer comes back as: it knows no channel, counts
// from 0 again, and has lost what was not indexed.
func (s *Server) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels = map[string]*channel{}
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.counts.Healths++
	s.mu.Unlock()
	if s.options.Unhealthy != 0 {
		answer(w, reply{code: s.options.Unhealthy})
		return
	}
	answer(w, reply{code: 17})
}
