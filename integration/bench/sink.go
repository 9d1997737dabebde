package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sink answers as Elasticsearch does, keeps what it is sent and says how much
// that was. It takes every document.
type sink struct {
	mu     sync.Mutex
	bodies []body // guarded by mu; what came since the last tally
	sum    Progress
	addr   string
	server *http.Server // nil while the sink refuses; guarded by mu
	served chan error

	inflaters sync.Pool // of *inflater
	lastError error     // of a body that could not be read; guarded by mu
}

// body is one request as it came.
type body struct {
	at   time.Time // when its last byte was read
	gzip []byte    // the bytes, or the plain body if plain
	flat bool      // it was not compressed
}

// Progress is what a sink can say at any moment, without looking into bodies.
type Progress struct {
	Requests  int           `json:"requests"`
	Docs      int64         `json:"docs"`       // that were answered, repeats included
	WireBytes int64         `json:"wire_bytes"` // of the request bodies, compressed
	First     int64         `json:"first"`      // when the first request was read, Unix ns, or 0
	Last      int64         `json:"last"`       // when the last one was
	CPU       time.Duration `json:"cpu"`        // of the sink's process
	Problem   string        `json:"problem,omitempty"`
}

func newSink() *sink {
	return &sink{inflaters: sync.Pool{New: func() any { return new(inflater) }}}
}

// open begins to serve, on the address it had before if it had one.
func (s *sink) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return nil
	}
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("open the sink: %w", err)
	}
	s.addr = l.Addr().String()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.served = make(chan error, 1)
	go func(server *http.Server, served chan<- error) { served <- server.Serve(l) }(s.server, s.served)
	return nil
}

// shut refuses connections and ends those that are open, as a server that went
// away does.
func (s *sink) shut() error {
	s.mu.Lock()
	server, served := s.server, s.served
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Close()
	<-served
	return err
}

// ServeHTTP answers one request of the agent.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Elastic-Product", "Elasticsearch")
	switch {
	case strings.HasSuffix(r.URL.Path, "/_bulk"):
		s.bulk(w, r)
	case r.URL.Path == "/":
		io.WriteString(w, `{"name":"sink","cluster_name":"bench","cluster_uuid":"benchbenchbenchbenchbe",`+
			`"version":{"number":"8.19.7","build_flavor":"default"},"tagline":"You Know, for Search"}`)
	default:
		io.WriteString(w, `{"acknowledged":true}`)
	}
}

func (s *sink) bulk(w http.ResponseWriter, r *http.Request) {
	b, err := readBody(r)
	if err != nil {
		return // the agent went away: not taken
	}
	docs, err := s.count(b)
	if err != nil {
		s.mu.Lock()
		s.lastError = err
		s.mu.Unlock()
		http.Error(w, `{"error":{"type":"parse_exception","reason":"unreadable body"},"status":400}`, http.StatusBadRequest)
		return
	}
	s.keep(b, docs)
	answer(w, docs)
}

func readBody(r *http.Request) (body, error) {
	b := body{flat: r.Header.Get("Content-Encoding") != "gzip"}
	if r.ContentLength > 0 {
		b.gzip = make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, b.gzip); err != nil {
			return b, err
		}
	} else {
		var err error
		if b.gzip, err = io.ReadAll(r.Body); err != nil {
			return b, err
		}
	}
	b.at = time.Now()
	return b, nil
}

// count returns how many documents are in a body: every second line.
func (s *sink) count(b body) (int, error) {
	f := s.inflaters.Get().(*inflater)
	defer s.inflaters.Put(f)
	raw, err := b.raw(f)
	if err != nil {
		return 0, err
	}
	lines := bytes.Count(raw, []byte{'\n'})
	if lines == 0 || lines%2 != 0 || raw[len(raw)-1] != '\n' {
		return 0, errors.New("a body must be pairs of lines, the last one ended")
	}
	return lines / 2, nil
}

// raw returns the body as it was before it was compressed. It is valid until
// f is used again.
func (b body) raw(f *inflater) ([]byte, error) {
	if b.flat {
		return b.gzip, nil
	}
	return f.inflate(b.gzip)
}

func (s *sink) keep(b body, docs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, b)
	s.sum.Requests++
	s.sum.Docs += int64(docs)
	s.sum.WireBytes += int64(len(b.gzip))
	if s.sum.First == 0 {
		s.sum.First = b.at.UnixNano()
	}
	s.sum.Last = b.at.UnixNano()
}

// answer says of each document that it was stored, in just the form in which a
// server answers a request that asks for the status of its items.
func answer(w http.ResponseWriter, docs int) {
	const head, item, tail = `{"errors":false,"items":[`, `{"create":{"status":201}}`, `]}`
	var out bytes.Buffer
	out.Grow(len(head) + docs*(len(item)+1) + len(tail))
	out.WriteString(head)
	for i := range docs {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(item)
	}
	out.WriteString(tail)
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.Write(out.Bytes())
}

func (s *sink) progress() Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.sum
	p.CPU = ownCPU()
	if s.lastError != nil {
		p.Problem = s.lastError.Error()
	}
	return p
}

// take hands over the bodies that came since the last call.
func (s *sink) take() []body {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.bodies
	s.bodies = nil
	return out
}
