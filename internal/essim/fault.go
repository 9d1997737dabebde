package essim

import (
	"net/http"
	"sync"
)

// Fault is what goes wrong with one bulk request. The zero value is nothing.
type Fault struct {
	// Status and Body answer the whole request, which is not stored, with
	// Header. An empty Body with a status of 400 or more is made as the real
	// server does.
	Status int
	Header http.Header
	Body   string

	// Item, if set, is asked for each document: a status other than 0 is its
	// answer, and it is not stored.
	Item func(i int, doc []byte) (status int, kind, reason string)

	// Hang gives no answer until the client goes.
	Hang bool
	// CutBefore cuts the connection before anything is stored, CutAfter
	// after all is stored and before the answer.
	CutBefore, CutAfter bool
	// Rewrite changes the answer after all is stored. The head promises the
	// length that it had; a shorter one cuts the connection.
	Rewrite func(answer []byte) []byte
}

// faults are a queue of them, one for each bulk request to come.
type faults struct {
	mu    sync.Mutex
	queue []Fault // guarded by mu
	every *Fault  // guarded by mu; when the queue is empty
}

// Next queues faults: the next bulk request has the first, and so on. An empty
// Fault lets one request pass.
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

// apply does what a fault does before anything is stored, and reports whether
// the request is over.
func (f Fault) apply(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case f.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.CutBefore:
		panic(http.ErrAbortHandler)
	case f.Status == 0:
		return false
	}
	for k, v := range f.Header {
		w.Header()[k] = v
	}
	switch {
	case f.Body != "":
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body)) // a client that is gone reads no answer
	case f.Status == http.StatusRequestEntityTooLarge:
		w.WriteHeader(f.Status) // the real one has no body
	case f.Status == http.StatusTooManyRequests:
		fail(w, f.Status, "es_rejected_execution_exception", "rejected execution of coordinating operation")
	default:
		fail(w, f.Status, "simulated_exception", http.StatusText(f.Status))
	}
	return true
}
