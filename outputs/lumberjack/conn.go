package lumberjack

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	protocol "github.com/elastic/go-lumber/protocol/v2"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/endpoints"
)

const (
	lastWords = time.Second // to read what a server said before it broke the connection
	restful   = time.Second // idle for longer, a connection is looked at before it is used
)

// What a server must not say. Whatever it had acknowledged before counts.
var (
	errNoAck     = errors.New("the server answers with something that is no acknowledgement of version 2")
	errBeyond    = errors.New("the server acknowledges more than it was sent")
	errBackwards = errors.New("the server takes an acknowledgement back")
)

// conn is a connection to one server. It is used by one Send at a time.
type conn struct {
	net.Conn
	raw        net.Conn // below TLS; closing it never waits
	endpoint   *endpoints.Endpoint
	made       time.Time
	timeout    time.Duration
	writeSize  int
	frames     *frames
	window     *window
	pipelining int
	metrics    metrics
	rested     time.Time // when it was last put aside

	mu    sync.Mutex
	dying bool // guarded by mu; its deadline is final
}

// abort closes the connection at once, whatever is on its way.
func (c *conn) abort() {
	_ = c.raw.Close() // whatever it says, nothing more comes from it
	_ = c.Close()     // TLS would say good-bye, and wait for that
}

// usable reports whether an idle connection can be used. Servers close those
// that say nothing for a while.
func (c *conn) usable() bool {
	if time.Since(c.made) > maxAge {
		return false
	}
	if time.Since(c.rested) < restful {
		return true
	}
	if c.SetReadDeadline(time.Now().Add(time.Millisecond)) != nil {
		return false
	}
	_, err := c.Read(make([]byte, 1))
	var silent net.Error
	return errors.As(err, &silent) && silent.Timeout() // a byte now would be an answer to nothing
}

// alive gives the server its timeout anew.
func (c *conn) alive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dying {
		_ = c.SetDeadline(time.Now().Add(c.timeout)) // fails on a closed connection, which reads and writes tell
	}
}

// broken gives the server a last moment to be heard.
func (c *conn) broken() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dying = true
	_ = c.SetReadDeadline(time.Now().Add(lastWords)) // as above
}

// exchange sends docs in windows and returns how many of them, from the first
// on, the server acknowledged. With an error the connection is of no more use.
func (c *conn) exchange(ctx context.Context, docs []event.Doc) (taken int, err error) {
	stop := context.AfterFunc(ctx, c.abort)
	defer stop()
	var readErr error
	var reading sync.WaitGroup
	sent := make(chan int, c.pipelining)     // the sizes of windows on the way
	way := make(chan struct{}, c.pipelining) // holds a token for each of them
	failed := make(chan struct{})            // closed when no more is read
	reading.Go(func() {
		if taken, readErr = c.readAcks(sent, way); readErr != nil {
			close(failed)
			c.abort()
		}
	})
	writeErr := c.writeWindows(docs, sent, way, failed)
	close(sent)
	if writeErr != nil {
		c.broken()
	}
	reading.Wait()
	switch {
	case taken == len(docs):
		return taken, nil
	case ctx.Err() != nil:
		return taken, ctx.Err()
	case readErr != nil:
		return taken, readErr // it knows better than a write that met a closed connection
	}
	return taken, writeErr
}

// writeWindows sends windows until all is sent or reading has failed.
func (c *conn) writeWindows(docs []event.Doc, sent chan<- int, way chan<- struct{}, failed <-chan struct{}) error {
	for len(docs) > 0 {
		select {
		case way <- struct{}{}:
		case <-failed:
			return nil
		}
		n := c.window.cut(docs)
		b, err := c.frames.window(docs[:n])
		if err != nil {
			return err
		}
		docs = docs[n:]
		sent <- n // before the bytes: it may be acknowledged in parts while it is written
		for len(b) > 0 {
			part := b[:min(len(b), c.writeSize)]
			c.alive()
			if _, err := c.Write(part); err != nil {
				return fmt.Errorf("send a window: %w", err)
			}
			b = b[len(part):]
		}
		c.alive()
	}
	return nil
}

// readAcks waits until the windows sent are acknowledged, one by one.
func (c *conn) readAcks(sent <-chan int, way <-chan struct{}) (taken int, err error) {
	for count := range sent {
		n, err := c.await(count)
		taken += n
		if err != nil {
			return taken, fmt.Errorf("wait for an acknowledgement: %w", err)
		}
		c.window.acknowledged(count)
		<-way
	}
	return taken, nil
}

// await returns once count documents are acknowledged, or how many were.
func (c *conn) await(count int) (acked int, err error) {
	for acked < count {
		n, err := c.readAck()
		if err != nil {
			return acked, err
		}
		c.alive()
		switch {
		case n == 0:
			c.metrics.keepalives.Inc()
		case n > uint32(count):
			return acked, errBeyond
		case int(n) < acked:
			return acked, errBackwards
		default:
			acked = int(n)
		}
	}
	return acked, nil
}

func (c *conn) readAck() (uint32, error) {
	var b [6]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return 0, err
	}
	if b[0] != protocol.CodeVersion || b[1] != protocol.CodeACK {
		return 0, errNoAck
	}
	return binary.BigEndian.Uint32(b[2:]), nil
}
