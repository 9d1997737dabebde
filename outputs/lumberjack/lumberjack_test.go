package lumberjack

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestContract(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"compressed": nil,
		"plain":      func(c *Config) { c.CompressionLevel = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			outputtest.Run(t, func(t *testing.T, d outputs.Deps) outputtest.Target {
				s := newSim(t)
				next := func(r reaction) func() { return func() { s.next(r) } }
				return outputtest.Target{
					Output: openTo(t, d, s.address(), change),
					Stored: s.bare,
					Faults: map[outputtest.Fault]func(){
						outputtest.Unavailable: s.cut,
						outputtest.Cuts:        next(hangUp),
						outputtest.Garbage:     next(say("HTTP/1.1 400 Bad Request\r\n\r\n")),
						outputtest.Half:        next(say("2A\x00")),
						outputtest.Hangs:       next(silent),
					},
				}
			})
		})
	}
}

func request(docs []event.Doc) *outputs.Request {
	return &outputs.Request{Count: len(docs), Docs: docs}
}

func texts(docs []event.Doc) (list []string) {
	for i := range docs {
		list = append(list, string(docs[i].JSON))
	}
	return list
}

// wantRest checks that all documents but the first taken ones are to be sent
// again.
func wantRest(t *testing.T, err error, taken, count int) {
	t.Helper()
	var partial *outputs.Partial
	if !errors.As(err, &partial) {
		t.Fatalf("send: got %v, want Partial", err)
	}
	var got, want []int
	for _, f := range partial.Failed {
		got = append(got, f.Index)
		if f.Answer != outputs.Retry || f.Reason == "" {
			t.Errorf("document %d: got answer %d with reason %q, want Retry with one", f.Index, f.Answer, f.Reason)
		}
	}
	for i := taken; i < count; i++ {
		want = append(want, i)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("to be sent again (-got +want):\n%s", diff)
	}
}

func TestWhatIsBehindTheLastAcknowledgementIsSentAgain(t *testing.T) {
	s := newSim(t)
	o := opened(t, s, nil)
	docs := outputtest.Docs(10)
	s.next(acks(3))
	wantRest(t, o.Send(t.Context(), request(docs)), 3, 10)
	if err := o.Send(t.Context(), request(docs[3:])); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.bare(), texts(docs)); diff != "" {
		t.Errorf("stored (-got +want):\n%s", diff)
	}
}

func TestALongDocumentIsADeadLetter(t *testing.T) {
	for _, tt := range []struct {
		name     string
		reaction reaction
		want     string // by index: t is taken, p is Poison, r is Retry
	}{
		{"the rest is taken", takeAll, "ptptttp"},
		{"a part of the rest is taken", acks(2), "ptptrrp"},
		{"nothing is taken", hangUp, "prprrrp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t)
			o := opened(t, s, func(c *Config) { c.MaxDocumentSize = 1 << 10 })
			docs := outputtest.Docs(7)
			long := strings.Repeat("x", 2<<10)
			for _, i := range []int{0, 2, 6} {
				docs[i].JSON = []byte(`{"message":"` + long + `"}`)
			}
			s.next(tt.reaction)
			var partial *outputs.Partial
			if err := o.Send(t.Context(), request(docs)); !errors.As(err, &partial) {
				t.Fatalf("send: got %v, want Partial", err)
			}
			got := []byte("ttttttt")
			for _, f := range partial.Failed {
				got[f.Index] = map[outputs.Answer]byte{outputs.Poison: 'p', outputs.Retry: 'r'}[f.Answer]
				if f.Reason == "" {
					t.Errorf("document %d has no reason", f.Index)
				}
			}
			if string(got) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	s := newSim(t)
	o := opened(t, s, func(c *Config) { c.MaxDocumentSize = 1 << 10 })
	if err := o.Send(t.Context(), request(outputtest.Docs(3))); err != nil {
		t.Errorf("without a long one: %v", err)
	}
}

func TestAWindowIsAcknowledgedInParts(t *testing.T) {
	s := newSim(t)
	o := opened(t, s, nil)
	s.next(func(s *sim, c net.Conn, docs []string) error {
		s.store(docs)
		var all error
		for _, n := range []int{1, 0, 1, 4, 0, 9, len(docs)} {
			all = errors.Join(all, ack(c, n))
		}
		return all
	})
	if err := o.Send(t.Context(), request(outputtest.Docs(10))); err != nil {
		t.Error(err)
	}
	if err := o.Send(t.Context(), request(outputtest.DocsFrom(10, 10))); err != nil {
		t.Error(err)
	}
	if got := s.connections(); got != 1 {
		t.Errorf("%d connections, want the first kept", got)
	}
}

func TestAnswersThatCannotBe(t *testing.T) {
	two := func(a, b int) reaction {
		return func(s *sim, c net.Conn, docs []string) error {
			return errors.Join(ack(c, a), ack(c, b), errEnd)
		}
	}
	for _, tt := range []struct {
		name     string
		reaction reaction
		want     error
		taken    int
	}{
		{"more than was sent", acks(11), errBeyond, 0},
		{"far more than was sent", acks(1 << 31), errBeyond, 0},
		{"more than was sent, after a part", two(4, 11), errBeyond, 4},
		{"less than before", two(4, 3), errBackwards, 4},
		{"version 1", say("1A\x00\x00\x00\x0a"), errNoAck, 0},
		{"not an acknowledgement", say("2W\x00\x00\x00\x0a"), errNoAck, 0},
		{"HTTP", say("HTTP/1.1 200 OK\r\n"), errNoAck, 0},
		{"half an acknowledgement", say("2A\x00\x00\x00"), io.ErrUnexpectedEOF, 0},
		{"nothing", hangUp, io.EOF, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t)
			o := opened(t, s, nil)
			s.next(tt.reaction)
			err := o.Send(t.Context(), request(outputtest.Docs(10)))
			if tt.taken > 0 {
				wantRest(t, err, tt.taken, 10)
			} else if !errors.Is(err, tt.want) {
				t.Errorf("send: got %v, want %v", err, tt.want)
			}
			if err := o.Send(t.Context(), request(outputtest.Docs(10))); err != nil || s.connections() != 2 {
				t.Errorf("send again: %v over connection %d, want another one than the first", err, s.connections())
			}
		})
	}
}

func TestAServerThatReadsByTheByte(t *testing.T) {
	s := newSim(t)
	s.mu.Lock()
	s.slow = true
	s.mu.Unlock()
	o := opened(t, s, nil)
	docs := outputtest.Docs(200)
	if err := o.Send(t.Context(), request(docs)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.bare(), texts(docs)); diff != "" {
		t.Errorf("stored (-got +want):\n%s", diff)
	}
}

func TestWindowsGrowAndShrink(t *testing.T) {
	s := newSim(t)
	o := opened(t, s, func(c *Config) { c.MaxWindow = 100; c.Pipelining = 1 })
	if err := o.Send(t.Context(), request(outputtest.Docs(312))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.sizes(), []int{16, 32, 64, 100, 100}); diff != "" {
		t.Errorf("windows (-got +want):\n%s", diff)
	}
	s.next(hangUp)
	if err := o.Send(t.Context(), request(outputtest.Docs(200))); err == nil {
		t.Fatal("got no error from a connection that was cut")
	}
	if err := o.Send(t.Context(), request(outputtest.Docs(16+32+50+82+100))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.sizes()[5:], []int{100, 16, 32, 50, 82, 100}); diff != "" {
		t.Errorf("windows after a failure (-got +want):\n%s", diff)
	}
}

func TestAWindowHoldsFewLargeDocuments(t *testing.T) {
	s := newSim(t)
	o := opened(t, s, nil)
	docs := outputtest.Docs(5)
	for i := range docs {
		docs[i].JSON = slices.Concat([]byte(`{"message":"`), make([]byte, windowBytes/2))
		for k := 12; k < len(docs[i].JSON); k++ {
			docs[i].JSON[k] = 'x'
		}
		docs[i].JSON = append(docs[i].JSON, `"}`...)
	}
	docs[4].JSON = slices.Concat([]byte(`{"a":"x",`), docs[3].JSON[1:len(docs[3].JSON)-2], docs[3].JSON[12:], nil)
	if err := o.Send(t.Context(), request(docs)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.sizes(), []int{1, 1, 1, 1, 1}); diff != "" {
		t.Errorf("windows (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(s.bare(), texts(docs)); diff != "" {
		t.Error("the documents are not stored as they were sent")
	}
}

// The second window arrives before the first is answered, and no third does.
func TestTwoWindowsAreOnTheWay(t *testing.T) {
	s := newSim(t)
	o := opened(t, s, func(c *Config) { c.MaxWindow = 10 })
	var held []string
	s.every(func(s *sim, c net.Conn, docs []string) error {
		held = append(held, docs...)
		if len(held) < 20 {
			return nil // nothing is acknowledged yet
		}
		if err := c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			return err
		}
		if n, err := c.Read(make([]byte, 1)); n > 0 || !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
			s.t.Errorf("with two windows unanswered: got %d bytes more, %v", n, err)
		}
		s.store(held)
		held = nil
		return errors.Join(c.SetReadDeadline(time.Time{}), ack(c, 10), ack(c, 10))
	})
	docs := outputtest.Docs(40)
	if err := o.Send(t.Context(), request(docs)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.bare(), texts(docs)); diff != "" {
		t.Errorf("stored (-got +want):\n%s", diff)
	}
}

func isTimeout(err error) bool {
	var silent net.Error
	return errors.As(err, &silent) && silent.Timeout()
}

// A server acknowledges the first window and resets the connection while the
// next one is being written. What it said is read all the same.
func TestWhatWasSaidBeforeAResetCounts(t *testing.T) {
	s := newSim(t)
	o := opened(t, s, func(c *Config) { c.MaxWindow = 10; c.CompressionLevel = 0 })
	docs := outputtest.Docs(20)
	docs[10].JSON = append(append([]byte(`{"message":"`), slices.Repeat([]byte("x"), 32<<20)...), `"}`...)
	s.next(func(s *sim, c net.Conn, docs []string) error {
		s.store(docs)
		if _, err := io.ReadFull(c, make([]byte, 1<<20)); err != nil {
			return err
		}
		err := ack(c, 10)
		return errors.Join(err, c.(*net.TCPConn).SetLinger(0), errEnd)
	})
	wantRest(t, o.Send(t.Context(), request(docs)), 10, 20)
}

func TestAServerIsLeftThatIsGone(t *testing.T) {
	gone, s := newSim(t), newSim(t)
	gone.close()
	o := opened(t, s, func(c *Config) { c.Endpoints = endpoints.At(gone.address(), s.address()) })
	for i := range 4 {
		s.cut() // so that the next one has to connect
		for _, c := range o.conns.idle {
			c.rested = time.Time{}
		}
		if err := o.Send(t.Context(), request(outputtest.DocsFrom(i, 1))); err != nil {
			t.Fatalf("send %d: %v", i, err)
		}
	}
	s.close()
	if err := o.Send(t.Context(), request(outputtest.Docs(1))); err == nil {
		t.Error("all servers are gone: got no error")
	}
}

func TestConnectionsThatAreNotUsedAgain(t *testing.T) {
	for name, spoil := range map[string]func(c *conn, atServer net.Conn){
		"closed by the server":         func(c *conn, s net.Conn) { s.Close(); c.rested = time.Time{} },
		"an answer without question":   func(c *conn, s net.Conn) { ack(s, 1); c.rested = time.Time{} },
		"old":                          func(c *conn, s net.Conn) { c.made = c.made.Add(-2 * maxAge) },
		"to an endpoint not in use":    func(c *conn, s net.Conn) { c.endpoint = &endpoints.Endpoint{} },
		"closed by us, while it idles": func(c *conn, s net.Conn) { c.raw.Close(); c.rested = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t)
			o := opened(t, s, nil)
			if err := o.Send(t.Context(), request(outputtest.Docs(1))); err != nil {
				t.Fatal(err)
			}
			spoil(o.conns.idle[0], s.last())
			if err := o.Send(t.Context(), request(outputtest.DocsFrom(1, 5))); err != nil {
				t.Errorf("send: %v", err)
			}
			if got := len(s.bare()); got != 6 || s.connections() != 2 {
				t.Errorf("%d documents over %d connections, want 6 over 2", got, s.connections())
			}
		})
	}
}
