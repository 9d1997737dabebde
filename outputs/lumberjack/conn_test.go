package lumberjack

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// pipe is a connection with a fake clock, inside a synctest bubble, and the
// server's end of it. Nothing is kept in between: a write waits to be read.
func pipe(t testing.TB) (*conn, net.Conn) {
	t.Helper()
	client, server := net.Pipe()
	f, err := newFrames(newMetadata("sluice", "1.0.0"), 0)
	if err != nil {
		t.Fatal(err)
	}
	w := newWindow(10)
	return &conn{
		Conn: client, raw: client, made: time.Now(), timeout: time.Minute, writeSize: 64 << 10, frames: f, window: w, pipelining: 2,
		metrics: newMetrics(outputs.Deps{}, w),
	}, server
}

func TestABusyServerIsWaitedForAsLongAsItSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := pipe(t)
		start := time.Now()
		go func() {
			if _, err := readWindow(server); err != nil {
				t.Error(err)
			}
			for range 100 {
				time.Sleep(59 * time.Second) // of the fake clock
				ack(server, 0)
			}
			ack(server, 10)
		}()
		taken, err := c.exchange(t.Context(), outputtest.Docs(10))
		if taken != 10 || err != nil || time.Since(start) != 5900*time.Second {
			t.Errorf("got %d, %v after %v, want 10 after 5900s", taken, err, time.Since(start))
		}
	})
}

func TestASilentServerIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := pipe(t)
		start := time.Now()
		go io.Copy(io.Discard, server)
		taken, err := c.exchange(t.Context(), outputtest.Docs(10))
		if taken != 0 || !isTimeout(err) || time.Since(start) != time.Minute {
			t.Errorf("got %d, %v after %v, want a timeout after a minute", taken, err, time.Since(start))
		}
	})
}

// While a server is busy with one window it may not read the next: what it
// says in the meantime counts for the writing too.
func TestABusyServerNeedNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := pipe(t)
		go func() {
			for range 2 {
				if _, err := readWindow(server); err != nil {
					t.Error(err)
				}
				for range 10 {
					time.Sleep(59 * time.Second)
					ack(server, 0)
				}
				ack(server, 10)
			}
		}()
		if taken, err := c.exchange(t.Context(), outputtest.Docs(20)); taken != 20 || err != nil {
			t.Errorf("got %d, %v, want 20", taken, err)
		}
	})
}

func TestAServerThatNeverReadsIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := pipe(t)
		start := time.Now()
		taken, err := c.exchange(t.Context(), outputtest.Docs(20))
		if taken != 0 || !isTimeout(err) || time.Since(start) > time.Minute+lastWords {
			t.Errorf("got %d, %v after %v, want a timeout after a minute", taken, err, time.Since(start))
		}
	})
}

// Its writing half is dead, and keepalives would go on for ever.
func TestABrokenConnectionIsLeftHoweverAliveItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := pipe(t)
		c.Conn = noWrites{c.Conn}
		var serving sync.WaitGroup
		serving.Go(func() {
			for ack(server, 0) == nil {
				time.Sleep(time.Second / 2)
			}
		})
		start := time.Now()
		taken, err := c.exchange(t.Context(), outputtest.Docs(20))
		if taken != 0 || err == nil || time.Since(start) > 2*lastWords {
			t.Errorf("got %d, %v after %v, want an error within %v", taken, err, time.Since(start), 2*lastWords)
		}
		c.abort()
		serving.Wait()
	})
}

type noWrites struct{ net.Conn }

func (noWrites) Write([]byte) (int, error) { return 0, errors.New("no route to host") }

// The connection breaks while a window is written, and what the server had to
// say of the one before is still to be read.
func TestWhatWasSaidBeforeAWriteFailedCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := pipe(t)
		breaks := &breaksAfter{Conn: c.Conn, writes: 1, broken: make(chan struct{})}
		c.Conn = breaks
		go func() {
			if _, err := readWindow(server); err != nil {
				t.Error(err)
			}
			<-breaks.broken
			time.Sleep(lastWords / 2) // of the fake clock
			ack(server, 10)
			server.Close()
		}()
		taken, err := c.exchange(t.Context(), outputtest.Docs(20))
		if taken != 10 || err == nil {
			t.Errorf("got %d, %v, want 10 and an error", taken, err)
		}
	})
}

// breaksAfter is a connection that fails after some writes.
type breaksAfter struct {
	net.Conn
	writes int
	broken chan struct{}
}

func (c *breaksAfter) Write(p []byte) (int, error) {
	if c.writes == 0 {
		close(c.broken)
		return 0, errors.New("broken pipe")
	}
	c.writes--
	return c.Conn.Write(p)
}

func TestAnEndedContextEndsAnExchange(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"while it waits": func(c net.Conn) { io.Copy(io.Discard, c) },
		"while it sends": func(net.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, server := pipe(t)
				go serve(server)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				_, err := c.exchange(ctx, outputtest.Docs(20))
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
					t.Errorf("got %v after %v, want the context's error at once", err, time.Since(start))
				}
			})
		})
	}
}

func FuzzAnswersCountForNoMoreThanTheySay(f *testing.F) {
	f.Add([]byte("2A\x00\x00\x00\x03"))
	f.Add([]byte("2A\x00\x00\x00\x0a2A\x00\x00\x00\x00"))
	f.Add([]byte("2A\x00\x00\x00\x0a2A\x00\x00\x00\x0a"))
	f.Add([]byte("2A\x00\x00\x00\x0b"))
	f.Add([]byte("1A\x00\x00\x00\x03"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		c, server := pipe(t)
		sent, way := make(chan int, 2), make(chan struct{}, 2)
		for range 2 {
			sent <- 10
			way <- struct{}{}
		}
		close(sent)
		go func() {
			server.Write(answer)
			server.Close()
		}()
		taken, err := c.readAcks(sent, way)
		c.abort()
		if want := said(answer, 10, 10); taken != want {
			t.Fatalf("got %d taken, %v, want %d", taken, err, want)
		}
		if (err == nil) != (taken == 20) {
			t.Fatalf("%d of 20 taken, and the error is %v", taken, err)
		}
	})
}

// said is what an answer acknowledges, told in another way.
func said(answer []byte, windows ...int) (taken int) {
	for _, count := range windows {
		acked := 0
		for acked < count {
			if len(answer) < 6 || answer[0] != '2' || answer[1] != 'A' || answer[2]|answer[3]|answer[4] != 0 {
				return taken + acked
			}
			n := int(answer[5])
			answer = answer[6:]
			switch {
			case n == 0:
			case n < acked, n > count:
				return taken + acked
			default:
				acked = n
			}
		}
		taken += count
	}
	return taken
}

func TestFramesAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, level := range []int{0, 1} {
		f, err := newFrames(newMetadata("sluice", "1.0.0"), level)
		if err != nil {
			t.Fatal(err)
		}
		docs := outputtest.Docs(500)
		got := testing.AllocsPerRun(20, func() {
			if _, err := f.window(docs); err != nil {
				t.Fatal(err)
			}
		})
		if got > 0 {
			t.Errorf("level %d: %v allocations for a window of 500, want none", level, got)
		}
	}
}

func BenchmarkFrames(b *testing.B) {
	f, err := newFrames(newMetadata("sluice", "1.0.0"), 1)
	if err != nil {
		b.Fatal(err)
	}
	docs := outputtest.Docs(2000)
	b.SetBytes(sizeOf(docs))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.window(docs); err != nil {
			b.Fatal(err)
		}
	}
}
