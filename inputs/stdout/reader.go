package stdout

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// reader is a stream of bytes that can be waited for.
type reader interface {
	// ReadUntil reads what is there, and waits for it until a time, or without
	// end if that is zero. It fails with os.ErrDeadlineExceeded if nothing
	// came, with errInterrupted after Interrupt, and with io.EOF.
	ReadUntil(p []byte, until time.Time) (int, error)
	// Interrupt ends the ReadUntil under way, and all that follow. It is
	// called concurrently.
	Interrupt()
	Close() error
}

var errInterrupted = errors.New("reading was interrupted")

// pollable reads a file for which the runtime knows deadlines: a pipe, or a
// terminal's other side.
type pollable struct {
	f           *os.File
	interrupted atomic.Bool
}

func (p *pollable) ReadUntil(b []byte, until time.Time) (int, error) {
	if err := p.f.SetReadDeadline(until); err != nil {
		return 0, err
	}
	if p.interrupted.Load() { // Interrupt's deadline may stand before ours
		return 0, errInterrupted
	}
	n, err := p.f.Read(b)
	switch {
	case n > 0:
		return n, nil
	case err != nil && p.interrupted.Load():
		return 0, errInterrupted
	case err != nil && hungUp(err):
		return 0, io.EOF
	}
	return n, err
}

func (p *pollable) Interrupt() {
	p.interrupted.Store(true)
	_ = p.f.SetReadDeadline(time.Unix(1, 0)) // fails only once it is closed
}

func (p *pollable) Close() error { return p.f.Close() }
