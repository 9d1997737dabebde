package hecsim

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// Fault is what goes wrong with one request of events. The zero value is
// nothing.
type Fault struct {
	// Code answers with that code, and stores nothing; 24 and 25 store all.
	Code   int
	Header http.Header
	// Number is the answer's invalid-event-number, with Code.
	Number *int
	// Status and Body answer as something that is not Splunk.
	Status int
	Body   string
	// StoresAll stores all before the answer with Code, as a server does that
	// fails late.
	StoresAll bool

	// Hang gives no answer until the client goes.
	Hang bool
	// CutBefore cuts the connection before the body is read, CutMid in the
	// middle of it, CutAfter after all is stored and before the answer.
	CutBefore, CutMid, CutAfter bool
	// NeverAcks answers "false" for the request for ever, and loses it.
	NeverAcks bool
	// Rewrite changes the answer after all is stored. The head promises the
	// length that it had; a shorter one cuts the connection.
	Rewrite func(answer []byte) []byte
}

// faults are a queue of them, one for each request of events to come.
type faults struct {
	mu    sync.Mutex
	queue []Fault // guarded by mu
	every *Fault  // guarded by mu; when the queue is empty
}

// Next queues faults: the next request has the first, and so on. An empty Fault
// lets one request pass.
func (s *Server) Next(list ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queue = append(s.faults.queue, list...)
}

// Always sets the fault of all requests for which none is queued; nil ends it.
func (s *Server) Always(f *Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.every = f
}

func (f *faults) take() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) > 0 {
		next := f.queue[0]
		f.queue = f.queue[1:]
		return next
	}
	if f.every != nil {
		return *f.every
	}
	return Fault{}
}

// before does what a fault does before the body is read.
func (f Fault) before(r *http.Request) {
	switch {
	case f.CutBefore:
		panic(http.ErrAbortHandler)
	case f.CutMid:
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		panic(http.ErrAbortHandler)
	case f.Hang:
		_, _ = io.Copy(io.Discard, r.Body) // so that the client's end is seen
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// refuses answers in the place of the server, and reports whether it did.
func (f Fault) refuses(w http.ResponseWriter) bool {
	for k, v := range f.Header {
		w.Header()[k] = v
	}
	switch {
	case f.Status != 0:
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body) // a client that is gone reads no answer
	case f.Code != 0 && f.Code != 24 && f.Code != 25:
		answer(w, reply{code: f.Code, number: f.Number})
	default:
		return false
	}
	return true
}

// send sends the answer to a stored request, or what is left of it.
func (f Fault) send(w http.ResponseWriter, r reply) {
	if f.CutAfter {
		panic(http.ErrAbortHandler)
	}
	if r.code == 0 {
		r.code = f.Code
	}
	if f.Rewrite == nil {
		answer(w, r)
		return
	}
	text := r.body()
	changed := f.Rewrite(bytes.Clone(text))
	w.Header().Set("Content-Length", strconv.Itoa(max(len(text), len(changed))))
	w.WriteHeader(codes[r.code].status)
	_, _ = w.Write(changed)
	if len(changed) < len(text) {
		_ = http.NewResponseController(w).Flush() // the half must arrive before the cut
		panic(http.ErrAbortHandler)
	}
}
