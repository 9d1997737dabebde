package essim

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how a Server behaves. The zero value is a server with no
// templates that checks framing and remembers nothing.
type Options struct {
	// Strict checks every document as Elasticsearch's parser would. Without
	// it a document need only look like an object: a sink that counts.
	Strict bool
	// KeepIDs answers 409 for an id that its stream has already. It costs 16
	// bytes and some overhead for each document.
	KeepIDs bool
	// Templates are index patterns that have a template from the start.
	Templates []string
	// Pipelines are the ingest pipelines that there are.
	Pipelines []string
	// Any is a server that is not Elasticsearch: without the product header,
	// and with no parameter that OpenSearch does not know.
	Any bool
	// Authorization, if set, is the header that every request must have.
	Authorization string
	// MaxBody is the largest request after decompression, in bytes; 0 is the
	// real server's 100 MiB.
	MaxBody int
	// Delay is the longest wait before an answer; each is random up to it.
	Delay time.Duration
	// DropAnswers is the share of bulk requests, 0 to 1, whose connection is
	// cut after they were stored.
	DropAnswers float64
	// Seed makes Delay and DropAnswers repeatable.
	Seed uint64
	// OnDoc, if set, is called for each document that is stored, before its
	// request is answered. It is called concurrently. doc is valid during the
	// call. id is "" where the sender gave none.
	OnDoc func(index, id string, doc []byte)
}

// Counts are what a Server has seen.
type Counts struct {
	Requests   int64 // bulk requests
	Docs       int64 // documents stored
	Bytes      int64 // bytes of bulk requests, decompressed
	WireBytes  int64 // bytes of bulk requests as they came
	Duplicates int64 // answered with 409
	Refused    int64 // documents refused, by a fault or by a check
	Stray      int64 // documents that made an index that no template covers
	Dropped    int64 // answers dropped after storing
}

// Server is the simulator, an http.Handler.
type Server struct {
	options   Options
	ids       idSet
	templates templates
	policies  policies
	faults    faults
	pool      inflaters
	mux       *http.ServeMux

	requests, docs, bytes, wire, duplicates, refused, stray, dropped atomic.Int64

	mu   sync.Mutex
	rand *rand.Rand // guarded by mu
}

// New returns a Server.
func New(o Options) *Server {
	if o.MaxBody == 0 {
		o.MaxBody = 100 << 20
	}
	s := &Server{options: o, rand: rand.New(rand.NewPCG(o.Seed, 1))}
	for i, p := range o.Templates {
		body := fmt.Appendf(nil, `{"index_patterns":[%q],"priority":%d,"data_stream":{}}`, p, 100+i)
		if err := s.templates.put(fmt.Sprintf("given-%d", i), body, true); err != nil {
			panic(err) // a pattern of the test that is none
		}
	}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /{$}", s.info)
	s.mux.HandleFunc("POST /_bulk", s.bulk)
	s.mux.HandleFunc("PUT /_bulk", s.bulk)
	s.mux.HandleFunc("POST /{index}/_bulk", s.bulk)
	s.mux.HandleFunc("GET /_index_template", s.getTemplates)
	s.mux.HandleFunc("GET /_index_template/{name}", s.getTemplates)
	s.mux.HandleFunc("PUT /_index_template/{name}", s.putTemplate)
	s.mux.HandleFunc("DELETE /_index_template/{name}", s.deleteTemplate)
	s.mux.HandleFunc("GET /_data_stream/{pattern}", s.getStreams)
	s.mux.HandleFunc("PUT /_data_stream/{name}/_lifecycle", s.putLifecycle)
	if !o.Any {
		s.mux.HandleFunc("GET /_ilm/policy/{name}", s.getPolicy)
		s.mux.HandleFunc("PUT /_ilm/policy/{name}", s.putPolicy)
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusBadRequest, "illegal_argument_exception", "no handler found for uri ["+r.URL.Path+"] and method ["+r.Method+"]")
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.options.Any {
		w.Header().Set("X-elastic-product", "Elasticsearch")
	}
	if s.options.Authorization != "" && r.Header.Get("Authorization") != s.options.Authorization {
		fail(w, http.StatusUnauthorized, "security_exception", "unable to authenticate")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Counts returns what the server has seen so far.
func (s *Server) Counts() Counts {
	return Counts{
		Requests: s.requests.Load(), Docs: s.docs.Load(), Bytes: s.bytes.Load(), WireBytes: s.wire.Load(),
		Duplicates: s.duplicates.Load(), Refused: s.refused.Load(), Stray: s.stray.Load(), Dropped: s.dropped.Load(),
	}
}

func (s *Server) info(w http.ResponseWriter, _ *http.Request) {
	version := map[string]string{"number": "8.19.0", "build_flavor": "default"}
	if s.options.Any {
		version = map[string]string{"number": "3.9.0", "distribution": "opensearch"}
	}
	answer(w, http.StatusOK, map[string]any{"name": "sim", "cluster_name": "sim", "version": version})
}

// wait waits a random part of Delay, or until the client is gone.
func (s *Server) wait(r *http.Request) {
	if s.options.Delay <= 0 {
		return
	}
	s.mu.Lock()
	pause := time.Duration(s.rand.Int64N(int64(s.options.Delay)))
	s.mu.Unlock()
	select {
	case <-time.After(pause):
	case <-r.Context().Done():
	}
}

// dropsAnswer says whether this answer is one of those to be dropped.
func (s *Server) dropsAnswer() bool {
	if s.options.DropAnswers <= 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.Float64() < s.options.DropAnswers
}

// fail answers as Elasticsearch does when it refuses a whole request.
func fail(w http.ResponseWriter, status int, kind, reason string) {
	answer(w, status, map[string]any{"error": map[string]any{"type": kind, "reason": reason}, "status": status})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone reads no answer
}

// readBody reads the small body of a request that is no bulk.
func readBody(r *http.Request) ([]byte, error) { return io.ReadAll(io.LimitReader(r.Body, 4<<20)) }

// matches reports whether an index pattern with * covers a name.
func matches(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, rest)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], after
	}
}
