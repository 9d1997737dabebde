//go:build unix

package stdout

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// polled reads a file that others share, such as standard input: it must not
// be made non-blocking, for that would change it for them too. So it is asked
// with poll before each read.
type polled struct {
	fd          int
	terminal    bool
	interrupted atomic.Bool
	wake, waker *os.File // a pipe: Interrupt ends a poll with it
}

func newStandardInput() (reader, error) { return newPolled(os.Stdin) }

func newPolled(f *os.File) (*polled, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	_, err = unix.IoctlGetTermios(fd, getTermios)
	return &polled{fd: fd, terminal: err == nil, wake: r, waker: w}, nil
}

func (p *polled) ReadUntil(b []byte, until time.Time) (int, error) {
	for {
		if err := p.await(until); err != nil {
			return 0, err
		}
		if p.terminal && !p.inForeground() {
			until := time.Now().Add(backgroundLook) // reading would stop us
			if err := p.awaitWake(until); err != nil {
				return 0, err
			}
			continue
		}
		n, err := unix.Read(p.fd, b)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// backgroundLook is how often a process in the background looks whether it is
// in the foreground again.
const backgroundLook = 200 * time.Millisecond

func (p *polled) inForeground() bool {
	group, err := unix.IoctlGetInt(p.fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// await waits until there is something to read.
func (p *polled) await(until time.Time) error {
	return p.poll([]unix.PollFd{{Fd: int32(p.wake.Fd()), Events: unix.POLLIN}, {Fd: int32(p.fd), Events: unix.POLLIN}}, until)
}

// awaitWake waits for Interrupt until a time.
func (p *polled) awaitWake(until time.Time) error {
	err := p.poll([]unix.PollFd{{Fd: int32(p.wake.Fd()), Events: unix.POLLIN}}, until)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func (p *polled) poll(fds []unix.PollFd, until time.Time) error {
	for {
		if p.interrupted.Load() {
			return errInterrupted
		}
		n, err := unix.Poll(fds, millisUntil(until))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return os.NewSyscallError("poll", err)
		case n == 0 && !time.Now().Before(until):
			return os.ErrDeadlineExceeded
		case n > 0 && fds[0].Revents == 0:
			return nil
		}
	}
}

// millisUntil rounds up, so that a wait does not end a moment early and spin.
func millisUntil(until time.Time) int {
	if until.IsZero() {
		return -1
	}
	left := time.Until(until)
	if left <= 0 {
		return 0
	}
	return int((left + time.Millisecond - 1) / time.Millisecond)
}

func (p *polled) Interrupt() {
	p.interrupted.Store(true)
	_, _ = p.waker.Write([]byte{0}) // fails only once it is closed
}

func (p *polled) Close() error { return errors.Join(p.wake.Close(), p.waker.Close()) }
