package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// sink answers as one kind of destination does, keeps what it is sent and says
// how much that was. It takes every document.
type sink struct {
	form   form
	mu     sync.Mutex
	bodies []body // guarded by mu; what came since the last tally
	sum    Progress
	mark   string // before a sequence number; guarded by mu
	addr   string
	server service // nil while the sink refuses; guarded by mu
	served chan error

	inflaters sync.Pool // of *inflater
	lastError error     // of a body that could not be read; guarded by mu
}

// form is what a kind of destination has of its own: how it is spoken to and
// what its bodies are.
type form interface {
	// service returns what answers the agent and gives bodies to the sink.
	service(s *sink) service
	// raw returns a body as it was before it was compressed. It is valid until f
	// is used again.
	raw(b body, f *inflater) ([]byte, error)
	// documents calls add with each document of a raw body. A document is valid
	// during the call.
	documents(raw []byte, add func(doc []byte)) error
	// unit returns what the agent's CPU is measured in.
	unit() (compressor, error)
}

// service serves one listener. An http.Server is one.
type service interface {
	Serve(l net.Listener) error
	Shutdown(ctx context.Context) error // answers what has come, and ends
	Close() error
}

// forms makes one form of each kind, by the name that outputs have.
func forms() map[string]form {
	return map[string]form{
		elastic: new(bulkForm), splunk: new(hecForm), cloudwatch: newCloudwatchForm(),
		kafka: newKafkaForm(), plainHTTP: new(linesForm),
	}
}

// The kinds of destinations.
const (
	elastic    = "elasticsearch"
	splunk     = "splunk"
	cloudwatch = "cloudwatch"
	kafka      = "kafka"
	plainHTTP  = "http"
)

// body is one request as it came.
type body struct {
	at   time.Time // when its last byte was read
	sent []byte    // the bytes, or the plain body if flat
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

func newSink(f form) *sink {
	return &sink{form: f, inflaters: sync.Pool{New: func() any { return new(inflater) }}}
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
	s.server = s.form.service(s)
	s.served = make(chan error, 1)
	go func(server service, served chan<- error) { served <- server.Serve(l) }(s.server, s.served)
	return nil
}

// shut refuses connections and ends those that are open, as a server that went
// away does. It answers first what it has taken: most kinds know no ids, so that
// what is taken and not answered comes twice, and that is not measured here.
func (s *sink) shut() error {
	s.mu.Lock()
	server, served := s.server, s.served
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // a connection on which nothing ever came
		err = server.Close()
	}
	<-served
	return err
}

// httpService serves the HTTP kinds.
func httpService(h http.Handler) service {
	return &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
}

// gzipBodies is what the HTTP kinds have in common.
type gzipBodies struct{}

func (gzipBodies) raw(b body, f *inflater) ([]byte, error) {
	if b.flat {
		return b.sent, nil
	}
	return f.inflate(b.sent)
}

func (gzipBodies) unit() (compressor, error) { return newGzipper() }

// take reads a request and keeps it. It returns false if the request cannot be
// answered with success, and has then said why.
func (s *sink) take(w http.ResponseWriter, r *http.Request, count func(raw []byte) (int, error)) (docs int, ok bool) {
	b, err := readBody(r)
	if err != nil {
		return 0, false // the agent went away: not taken
	}
	if docs, err = s.look(b, count); err != nil {
		s.problem(err)
		http.Error(w, `{"error":"unreadable body"}`, http.StatusBadRequest)
		return 0, false
	}
	s.keep(b, docs)
	return docs, true
}

func readBody(r *http.Request) (body, error) {
	b := body{flat: r.Header.Get("Content-Encoding") != "gzip"}
	if r.ContentLength > 0 {
		b.sent = make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, b.sent); err != nil {
			return b, err
		}
	} else {
		var err error
		if b.sent, err = io.ReadAll(r.Body); err != nil {
			return b, err
		}
	}
	b.at = time.Now()
	return b, nil
}

// look inflates a body to count its documents.
func (s *sink) look(b body, count func(raw []byte) (int, error)) (int, error) {
	f := s.inflaters.Get().(*inflater)
	defer s.inflaters.Put(f)
	raw, err := s.form.raw(b, f)
	if err != nil {
		return 0, err
	}
	return count(raw)
}

func (s *sink) keep(b body, docs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, b)
	s.sum.Requests++
	s.sum.Docs += int64(docs)
	s.sum.WireBytes += int64(len(b.sent))
	if s.sum.First == 0 {
		s.sum.First = b.at.UnixNano()
	}
	s.sum.Last = b.at.UnixNano()
}

// problem notes that a request could not be read.
func (s *sink) problem(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastError = err
}

// seqMark is what stands before a sequence number now.
func (s *sink) seqMark() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mark
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

// forget begins anew, with lines that have this mark.
func (s *sink) forget(mark string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies, s.sum, s.lastError, s.mark = nil, Progress{}, nil, mark
}

// handOver hands over the bodies that came since the last call.
func (s *sink) handOver() []body {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.bodies
	s.bodies = nil
	return out
}
