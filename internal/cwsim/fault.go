package cwsim

import (
	"net/http"
	"sync"
)

// Fault is what goes wrong with one request. The zero value is nothing.
type Fault struct {
	// Status and Kind answer the request, of which nothing is done, with
	// Header and with Body if it is not "".
	Status int
	Kind   string
	Body   string
	Header http.Header

	// Reject, if set, is asked for each event: one for which it returns true
	// and all before it are too old.
	Reject func(message string) bool
	// Hang gives no answer until the client goes.
	Hang bool
	// CutBefore cuts the connection before anything is done, CutAfter after
	// all is done and before the answer.
	CutBefore, CutAfter bool
	// StatusAfter is the answer after all is done, 500.
	StatusAfter int
	// Rewrite changes the answer after all is done. The head promises the
	// length that it had; a shorter one cuts the connection.
	Rewrite func(answer []byte) []byte
	// Before, if set, is called before the request is looked at.
	Before func(operation string)
}

// faults are a queue of them for each operation; "" is any.
type faults struct {
	mu    sync.Mutex
	queue map[string][]Fault // guarded by mu
	every map[string]Fault   // guarded by mu; when the queue is empty
}

// Next queues faults for an operation: its next request has the first, and so
// on. An empty Fault lets one request pass.
func (s *Server) Next(operation string, list ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.queue == nil {
		s.faults.queue = map[string][]Fault{}
	}
	s.faults.queue[operation] = append(s.faults.queue[operation], list...)
}

// Always sets the fault of all requests of an operation for which none is
// queued; an empty one ends it.
func (s *Server) Always(operation string, f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.every == nil {
		s.faults.every = map[string]Fault{}
	}
	s.faults.every[operation] = f
}

func (f *faults) take(operation string) (next Fault) {
	defer func() {
		if next.Before != nil {
			next.Before(operation)
		}
	}()
	f.mu.Lock()
	defer f.mu.Unlock()
	if queue := f.queue[operation]; len(queue) > 0 {
		f.queue[operation] = queue[1:]
		return queue[0]
	}
	return f.every[operation]
}

// before does what a fault does before the request is looked at, and reports
// whether it is over.
func (f Fault) before(w http.ResponseWriter, r *http.Request) bool {
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
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", mediaType)
	}
	w.WriteHeader(f.Status)
	body := f.Body
	if body == "" && f.Kind != "" {
		body = `{"__type":"` + f.Kind + `","message":"simulated"}`
	}
	_, _ = w.Write([]byte(body)) // a client that is gone reads no answer
	return true
}
