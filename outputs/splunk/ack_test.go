package splunk

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/hecsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestSendReturnsOnceItIsIndexed(t *testing.T) {
	t.Parallel()
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		withAcks(c, s)
		s.AckPolls = 2
	})
	for i := range 3 {
		if err := try(t, b, outputtest.DocsFrom(i*5, 5)); err != nil {
			t.Fatalf("send: %v", err)
		}
		if got := len(b.docs()); got != (i+1)*5 {
			t.Errorf("after request %d: got %d indexed, want %d", i, got, (i+1)*5)
		}
	}
	if got := b.sim.Counts(); got.Polls != 9 {
		t.Errorf("got %d polls, want 3 for each of 3 requests", got.Polls)
	}
}

func TestWhatIsNotAcknowledgedIsSentAgain(t *testing.T) {
	t.Parallel()
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		withAcks(c, s)
		c.AckTimeout = config.Duration(time.Second)
	})
	b.sim.Next(hecsim.Fault{NeverAcks: true})
	docs := outputtest.Docs(3)
	start := time.Now()
	err := try(t, b, docs)
	if kindOf(err) != "again" || !errors.Is(err, errUnacked) || time.Since(start) < time.Second {
		t.Errorf("got %v after %v, want an error after the timeout of 1s", err, time.Since(start))
	}
	if got := value(t, b.metrics.unacked); got != 3 {
		t.Errorf("unacknowledged: got %v, want 3", got)
	}
	if err := try(t, b, docs); err != nil || len(b.docs()) != 3 {
		t.Errorf("again: got %v and %d stored, want 3", err, len(b.docs()))
	}
}

// An indexer that was killed counts from 0 again. Were the id of the lost
// request asked for on a channel that is used again, the later request's "true"
// would be taken for the lost one's.
func TestAnIndexerThatRestartsLosesNothing(t *testing.T) {
	t.Parallel()
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		withAcks(c, s)
		c.AckTimeout, s.AckPolls = config.Duration(2*time.Second), 1
	})
	b.sim.Next(hecsim.Fault{NeverAcks: true}) // taken, and lost by the kill
	lost := make(chan error, 1)
	go func() { lost <- try(t, b, outputtest.Docs(5)) }()
	waitFor(t, func() bool { return b.sim.Counts().Polls > 0 })
	b.sim.Restart()
	for i := range 4 { // each has the id 0 on a server that knows no channel
		if err := try(t, b, outputtest.DocsFrom(5+i, 1)); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	if err := <-lost; kindOf(err) != "again" {
		t.Errorf("the lost request: got %v, want all of it again", err)
	}
}

// waitFor waits for a condition of another goroutine's making.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited in vain")
		}
	}
}

// idServer answers as an indexer that gives every request of a channel the id
// that the test says, and remembers which channels are waited for.
type idServer struct {
	mu       sync.Mutex
	open     map[string]int // guarded by mu; ids given and not yet told, by channel
	most     int            // guarded by mu
	channels map[string]bool
}

func (s *idServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Splunk-Request-Channel")
	_, _ = io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[id] = true
	if strings.HasSuffix(r.URL.Path, "/ack") {
		s.open[id]--
		_, _ = io.WriteString(w, `{"acks":{"0":true}}`)
		return
	}
	s.open[id]++
	s.most = max(s.most, s.open[id])
	_, _ = io.WriteString(w, `{"text":"Success","code":0,"ackId":0}`)
}

func TestAChannelHasOneOpenIDAtATime(t *testing.T) {
	t.Parallel()
	s := &idServer{open: map[string]int{}, channels: map[string]bool{}}
	o := serve(t, s.ServeHTTP, nil)
	var wg sync.WaitGroup
	for range 2 {
		for i := range o.Limits().InFlight {
			wg.Go(func() {
				if err := try(t, o, outputtest.DocsFrom(i, 1)); err != nil {
					t.Errorf("send: %v", err)
				}
			})
		}
		wg.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most != 1 {
		t.Errorf("got %d open ids on one channel, want 1", s.most)
	}
	if n := len(s.channels); n > o.Limits().InFlight {
		t.Errorf("got %d channels, want no more than %d requests at a time", n, o.Limits().InFlight)
	}
}

func TestAChannelWithAnOpenIDIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		withAcks(c, s)
		c.AckTimeout = config.Duration(time.Second)
	})
	for name, f := range map[string]hecsim.Fault{
		"never acknowledged": {NeverAcks: true},
		"the answer is lost": {CutAfter: true},
		"an invalid channel": {Code: 11},
	} {
		b.sim.Next(f)
		if err := try(t, b, outputtest.Docs(1)); err == nil {
			t.Fatalf("%s: got no error", name)
		}
		if n := len(b.channels.free); n != 0 {
			t.Errorf("%s: the channel was given back", name)
		}
	}
	for range 2 {
		if err := try(t, b, outputtest.Docs(1)); err != nil {
			t.Fatal(err)
		}
		if n := len(b.channels.free); n != 1 {
			t.Errorf("got %d free channels, want the one that is in use", n)
		}
	}
}

func TestAChannelWhoseIDIsNotAskedForIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for ack, want := range map[string]int{ackAuto: 0, ackOff: 1} { // without waiting there is nothing to mix up
		o := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"text":"Incorrect index","code":7,"invalid-event-number":1,"ackId":3}`)
		}, func(c *Config) { c.Ack = ack })
		if err := try(t, o, outputtest.Docs(1)); kindOf(err) != "partial" {
			t.Errorf("ack = %q: got %v, want Partial", ack, err)
		}
		if n := len(o.channels.free); n != want {
			t.Errorf("ack = %q: got %d free channels, want %d", ack, n, want)
		}
	}
}

// Requests that wait must not keep others from being sent.
func TestOthersAreSentWhileOneWaits(t *testing.T) {
	t.Parallel()
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		withAcks(c, s)
		c.InFlight, c.Unacked = 1, 2
	})
	if got := b.Limits().InFlight; got != 3 {
		t.Fatalf("got %d requests at a time, want 3", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b.sim.Next(hecsim.Fault{NeverAcks: true}, hecsim.Fault{NeverAcks: true})
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() {
			if err := b.Send(ctx, outputtest.Request(t, b, outputtest.Docs(1))); !errors.Is(err, context.Canceled) {
				t.Errorf("the one that waits: got %v, want its context's end", err)
			}
		})
	}
	waitFor(t, func() bool { return b.sim.Counts().Polls >= 2 })
	if err := try(t, b, outputtest.DocsFrom(1, 1)); err != nil {
		t.Errorf("the other: %v", err)
	}
	cancel()
	waiting.Wait()
}

func TestATokenWithoutAcknowledgement(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ack      string
		acks     bool
		want     string
		requests int
		polls    bool
	}{
		"auto":                     {ackAuto, false, "taken", 1, false},
		"auto, and it has":         {ackAuto, true, "taken", 1, true},
		"required":                 {ackRequired, false, "needs attention", 0, true},
		"required, and it has":     {ackRequired, true, "taken", 1, true},
		"off":                      {ackOff, false, "taken", 1, false},
		"off, and it has it still": {ackOff, true, "taken", 1, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
				c.Ack = tt.ack
				s.Tokens = map[string]hecsim.Token{testToken: {Acks: tt.acks}}
			})
			err := try(t, b, outputtest.Docs(1))
			got := b.sim.Counts()
			if kindOf(err) != tt.want || got.Requests != tt.requests || (got.Polls > 0) != tt.polls {
				t.Errorf("got %s (%v), %d requests, %d polls; want %s, %d, polls %t", kindOf(err), err, got.Requests, got.Polls, tt.want, tt.requests, tt.polls)
			}
		})
	}
}

// A token that stops acknowledging while it is required must not be sent the
// same documents over and over.
func TestARequiredAcknowledgementThatEnds(t *testing.T) {
	t.Parallel()
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		withAcks(c, s)
		c.Ack = ackRequired
	})
	if err := try(t, b, outputtest.Docs(1)); err != nil {
		t.Fatal(err)
	}
	b.sim.SetToken(testToken, hecsim.Token{})
	for range 3 {
		if err := try(t, b, outputtest.DocsFrom(1, 1)); kindOf(err) != "needs attention" {
			t.Errorf("got %v, want Misconfigured", err)
		}
	}
	if got := b.sim.Counts().Requests; got != 2 {
		t.Errorf("got %d requests, want 2: those after it are not to be sent", got)
	}
}

func TestATokenThatStopsAcknowledgingWhileOneWaits(t *testing.T) {
	t.Parallel()
	for ack, want := range map[string][]string{ackAuto: {"again", "taken", "taken"}, ackRequired: {"again", "again", "again"}} {
		var polls atomic.Int32
		o := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/ack") {
				_, _ = io.WriteString(w, `{"text":"Success","code":0,"ackId":4}`)
				return
			}
			if ack == ackRequired && polls.Add(1) == 1 { // the check before anything is sent
				_, _ = io.WriteString(w, `{"acks":{"0":false}}`)
				return
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"text":"ACK is disabled","code":14}`)
		}, func(c *Config) { c.Ack = ack })
		var got []string
		for range want {
			got = append(got, kindOf(try(t, o, outputtest.Docs(1))))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ack = %q (-want +got):\n%s", ack, diff)
		}
	}
}

// A balancer that sends us on by a cookie must get it back, with the poll too:
// no other indexer knows the id.
func TestABalancersCookieIsKept(t *testing.T) {
	t.Parallel()
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("route")
		switch {
		case !strings.HasSuffix(r.URL.Path, "/ack"):
			http.SetCookie(w, &http.Cookie{Name: "route", Value: "indexer-2", Path: "/", HttpOnly: true})
			_, _ = io.WriteString(w, `{"text":"Success","code":0,"ackId":0}`)
		case err == nil && cookie.Value == "indexer-2":
			_, _ = io.WriteString(w, `{"acks":{"0":true}}`)
		default:
			_, _ = io.WriteString(w, `{"acks":{"0":false}}`)
		}
	}, func(c *Config) { c.AckTimeout = config.Duration(2 * time.Second) })
	if err := try(t, o, outputtest.Docs(1)); err != nil {
		t.Errorf("send: %v", err)
	}
}

func TestAPollAsksWhereTheRequestWas(t *testing.T) {
	t.Parallel()
	var strays atomic.Int32
	var urls []string
	for range 3 {
		var known sync.Map // channels that were given an id here
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get("X-Splunk-Request-Channel")
			if !strings.HasSuffix(r.URL.Path, "/ack") {
				known.Store(id, true)
				_, _ = io.WriteString(w, `{"text":"Success","code":0,"ackId":0}`)
				return
			}
			if _, ok := known.Load(id); !ok || r.URL.Query().Get("channel") != id {
				strays.Add(1)
			}
			_, _ = io.WriteString(w, `{"acks":{"0":true}}`)
		}))
		t.Cleanup(server.Close)
		urls = append(urls, server.URL)
	}
	o := closed(t, openOffline(t, func(c *Config) { c.Endpoints = endpoints.At(urls...) }))
	for i := range 9 {
		o.channels.free = []*channel{{id: newGUID()}} // or all would know it soon
		if err := try(t, o, outputtest.DocsFrom(i, 1)); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if n := strays.Load(); n != 0 {
		t.Errorf("%d polls went to an indexer that knows nothing of the request", n)
	}
}

// An answer to a poll that is not clear is no acknowledgement.
func TestWhatIsNoAcknowledgement(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `null`, `[]`, `{}`, `true`, `{"acks":{}}`, `{"acks":{"1":true}}`, `{"acks":{"0":false}}`, `{"acks":{"0":"true"}}`,
		`{"acks":{"0":1}}`, `{"acks":{"0":true}`, `{"acks":{"0":true}}}`, `{"acks":[0]}`, `<html>0 true</html>`,
	} {
		if acknowledges([]byte(text), 0) {
			t.Errorf("%s: taken for an acknowledgement", text)
		}
	}
	if !acknowledges([]byte(`{"acks":{"0":true,"1":false}}`), 0) {
		t.Error("an acknowledgement was not seen")
	}
	for _, status := range []int{201, 302, 400, 500} {
		o := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]any{"acks": map[string]bool{"0": true}})
		}, nil)
		if err := o.poll(t.Context(), "", o.channels.take(), 0); err == nil {
			t.Errorf("status %d: taken for an acknowledgement", status)
		}
	}
}

// Waiting five minutes for each request that a restart has lost would stop all
// others.
func TestAfterARestartLostRequestsAreNotWaitedForLong(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the time that is given")
	}
	var state atomic.Int32
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/ack"):
			_, _ = io.WriteString(w, `{"text":"Success","code":0,"ackId":0}`)
		case state.Add(1) == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"text":"Server is shutting down","code":23}`)
		default:
			_, _ = io.WriteString(w, `{"acks":{"0":false}}`)
		}
	}, nil)
	o.patience.grace = time.Second
	start := time.Now()
	if err := try(t, o, outputtest.Docs(1)); !errors.Is(err, errUnacked) || time.Since(start) > 10*time.Second {
		t.Errorf("got %v after %v, want it again soon", err, time.Since(start))
	}
}

var _ outputs.Partitioner = (*Output)(nil)
