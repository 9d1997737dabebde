//go:build integration

package realserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// AckIntake stands before a VictoriaLogs and acknowledges, as an indexer does,
// what has come to its disk. Its ids count from 0 for each channel, and again
// from 0 when the server was killed, which it then forgets all of.
type AckIntake struct {
	v *VictoriaLogs

	mu       sync.Mutex
	channels map[string]*acked // guarded by mu
	answered int               // guarded by mu; requests that VictoriaLogs took
	forgot   int               // guarded by mu; of these, those that were not acknowledged before a kill
}

// NewAckIntake puts an intake before a server.
func NewAckIntake(v *VictoriaLogs) *AckIntake {
	return &AckIntake{v: v, channels: map[string]*acked{}}
}

// acked are the open ids of one channel.
type acked struct {
	next int64
	open map[int64]time.Time // when VictoriaLogs answered
}

// Forget is what a restart does to acknowledgement.
func (in *AckIntake) Forget() {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, c := range in.channels {
		in.forgot += len(c.open)
	}
	in.channels = map[string]*acked{}
}

// Counts are how many requests were answered, and how many of them forgotten.
func (in *AckIntake) Counts() (answered, forgot int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.answered, in.forgot
}

// ServeHTTP implements http.Handler.
func (in *AckIntake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/services/collector/event":
		in.events(w, r)
	case "/services/collector/ack":
		in.acks(w, r)
	case "/services/collector/health":
		in.health(w, r)
	default:
		http.NotFound(w, r)
	}
}

// health tells of the server behind, in the words of HEC.
func (in *AckIntake) health(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, in.v.URL+"/health", nil)
	if err != nil {
		panic(err) // its parts are ours
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		panic(http.ErrAbortHandler) // as the killed server would
	}
	_ = res.Body.Close()
	_, _ = io.WriteString(w, `{"text":"HEC is healthy","code":17}`)
}

func (in *AckIntake) events(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"text":"No data","code":5}`)
		return
	}
	in.mu.Lock()
	life := in.channels // another map after each kill
	in.mu.Unlock()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, in.v.Intake()+r.URL.Path, r.Body)
	if err != nil {
		panic(err) // its parts are ours
	}
	req.Header, req.ContentLength = r.Header.Clone(), r.ContentLength
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		panic(http.ErrAbortHandler) // as the killed server would
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if res.StatusCode != http.StatusOK {
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(text)
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if fmt.Sprintf("%p", life) != fmt.Sprintf("%p", in.channels) {
		panic(http.ErrAbortHandler) // it was killed meanwhile
	}
	id := r.Header.Get("X-Splunk-Request-Channel")
	c := in.channels[id]
	if c == nil {
		c = &acked{open: map[int64]time.Time{}}
		in.channels[id] = c
	}
	in.answered++
	c.open[c.next] = time.Now()
	_, _ = fmt.Fprintf(w, `{"text":"Success","code":0,"ackId":%d}`, c.next)
	c.next++
}

// acks tells of an id once, when what it stands for is on disk: VictoriaLogs
// writes it there within flushed.
func (in *AckIntake) acks(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Acks []int64 }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	told := map[string]bool{}
	in.mu.Lock()
	defer in.mu.Unlock()
	c := in.channels[r.Header.Get("X-Splunk-Request-Channel")]
	for _, id := range asked.Acks {
		done := false
		if c != nil {
			at, open := c.open[id]
			done = open && time.Since(at) > 3*flushed
			if done {
				delete(c.open, id)
			}
		}
		told[strconv.FormatInt(id, 10)] = done
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"acks": told}) // a client that is gone reads no answer
}

// WaitAnswered waits until the server has taken so many more requests.
func (in *AckIntake) WaitAnswered(t testing.TB, more int) {
	t.Helper()
	before, _ := in.Counts()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if now, _ := in.Counts(); now >= before+more {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("VictoriaLogs took no %d requests in a minute", more)
		}
	}
}
