package hecsim

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
)

// channel counts the requests of one sender.
type channel struct {
	next int64
	open map[int64]*request
}

// request is one that was taken and whose acknowledgement was not told yet.
type request struct {
	objects []Object // not indexed yet
	polls   int      // that are answered with false
	never   bool
}

// take stores objects, at once or when they are acknowledged, and returns the
// id of acknowledgement if the token has them.
func (s *Server) take(token, id string, t Token, objects []Object, f Fault) *int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.Acks {
		s.stored = append(s.stored, objects...)
		return nil
	}
	ch := s.channels[token+" "+id]
	if ch == nil {
		ch = &channel{open: map[int64]*request{}}
		s.channels[token+" "+id] = ch
	}
	q := &request{polls: s.options.AckPolls, never: f.NeverAcks}
	switch {
	case q.never:
	case q.polls == 0:
		s.stored = append(s.stored, objects...)
	default:
		q.objects = objects
	}
	number := ch.next
	ch.next++
	ch.open[number] = q
	return &number
}

// acks handles a poll.
func (s *Server) acks(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.counts.Polls++
	s.mu.Unlock()
	token, name, code := s.authorize(r)
	if code != 0 {
		answer(w, reply{code: code})
		return
	}
	if !token.Acks {
		answer(w, reply{code: 14})
		return
	}
	id, code := channelOf(r, token)
	if code != 0 {
		answer(w, reply{code: code})
		return
	}
	var asked struct {
		Acks []int64 `json:"acks"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &asked) != nil {
		answer(w, reply{code: 6})
		return
	}
	told := map[string]bool{}
	s.mu.Lock()
	for _, n := range asked.Acks {
		told[strconv.FormatInt(n, 10)] = s.tell(s.channels[name+" "+id], n)
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(map[string]any{"acks": told}) // a client that is gone reads no answer
}

// tell answers for one id, "true" once. s.mu is held.
func (s *Server) tell(ch *channel, n int64) bool {
	if ch == nil || ch.open[n] == nil {
		return false
	}
	q := ch.open[n]
	if q.polls--; q.never || q.polls >= 0 {
		return false
	}
	s.stored = append(s.stored, q.objects...)
	delete(ch.open, n)
	return true
}
