package lumberjack

import (
	"sync"
	"time"
)

// conns are the connections that no Send uses at the moment.
type conns struct {
	mu   sync.Mutex
	idle []*conn // guarded by mu; the most recently used last
}

// pop takes the connection that was used last, or returns nil.
func (s *conns) pop() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.idle) - 1
	if last < 0 {
		return nil
	}
	c := s.idle[last]
	s.idle = s.idle[:last]
	return c
}

// put keeps a connection for the next Send.
func (s *conns) put(c *conn) {
	if c.SetDeadline(time.Time{}) != nil {
		c.abort()
		return
	}
	c.rested = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, c)
}

// close closes all of them.
func (s *conns) close() {
	for c := s.pop(); c != nil; c = s.pop() {
		_ = c.Close() // nothing is on its way
	}
}
