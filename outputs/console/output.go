package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// ErrClosed means that nobody reads what is shown any more: the pipe's reader
// has gone, as `| head` does, or the terminal has. A command ends quietly.
var ErrClosed = errors.New("standard output was closed")

const (
	// maxRequest is small, so that the first of many waiting lines come soon
	// and a paused terminal holds little.
	maxRequest = 256 << 10
	// maxKept is the largest buffer that is kept for the next request.
	maxKept = 1 << 20
	// closeWait is how long Close waits for a write that a paused terminal
	// holds up.
	closeWait = 500 * time.Millisecond
)

type output struct {
	w       io.WriteCloser
	turn    chan struct{} // holds an element while a request, or what is left of one, owns what follows
	printer *Printer
	buf     []byte
}

// Limits implements outputs.Output.
func (o *output) Limits() outputs.Limits { return outputs.Limits{Bytes: maxRequest, InFlight: 1} }

// Send implements outputs.Output. A paused terminal blocks the write for as
// long as it likes, so the write has a goroutine, which Send leaves behind
// when ctx ends; the next request, and Close, wait for it.
func (o *output) Send(ctx context.Context, r *outputs.Request) error {
	if len(r.Docs) == 0 {
		return nil
	}
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if cap(o.buf) > maxKept {
		o.buf = nil
	}
	o.buf = o.appendAll(o.buf[:0], r.Docs)
	done := make(chan error, 1)
	go func() {
		_, err := o.w.Write(o.buf)
		<-o.turn
		done <- err
	}()
	select {
	case err := <-done:
		return writeError(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *output) appendAll(dst []byte, docs []event.Doc) []byte {
	for i := range docs {
		dst = o.printer.Append(dst, &docs[i])
	}
	return dst
}

// Close implements outputs.Output. A write that a paused terminal holds up is
// given up after a moment: it ends with the process.
func (o *output) Close() error {
	select {
	case o.turn <- struct{}{}:
		return o.w.Close()
	case <-time.After(closeWait):
		return nil
	}
}

// writeError tells a reader that has gone from other failures.
func writeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrClosedPipe), errors.Is(err, fs.ErrClosed), readerGone(err):
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return fmt.Errorf("write to standard output: %w", err)
}
