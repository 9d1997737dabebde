//go:build unix

package stdout

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/renthub/sluice/internal/term"
)

// terminals are the program's own terminals: one for its standard output,
// which is its controlling one and its standard input, and one for its
// standard error.
type terminals struct {
	sides   []*os.File // ours: what is written to a terminal is read here
	typed   *polled    // our standard input, if a person types there
	resized chan os.Signal
	stop    chan struct{}
	running sync.WaitGroup
}

// giveTerminals connects the program with terminals.
func (c *child) giveTerminals(stdin bool) ([]*os.File, error) {
	t := &terminals{resized: make(chan os.Signal, 1), stop: make(chan struct{})}
	c.tty = t
	var ends []*os.File
	for _, name := range []string{"stdout", "stderr"} {
		side, end, err := openTerminal()
		if err != nil {
			return ends, fmt.Errorf("open a terminal: %w", err)
		}
		t.sides = append(t.sides, side)
		ends = append(ends, end)
		c.outputs = append(c.outputs, output{name, &pollable{f: side}})
	}
	t.resize()
	c.cmd.Stdout, c.cmd.Stderr = ends[0], ends[1]
	if stdin && !term.IsTerminal(os.Stdin) {
		c.cmd.Stdin = os.Stdin
	} else if stdin {
		c.cmd.Stdin = ends[0]
		typed, err := newPolled(os.Stdin)
		if err != nil {
			return ends, err
		}
		t.typed = typed
	}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	return ends, nil
}

// openTerminal opens both sides of a terminal that passes bytes on as they
// are: it neither echoes what is typed nor adds carriage returns.
func openTerminal() (side, end *os.File, err error) {
	side, end, err = pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer side.Close() // it was made blocking; a second descriptor is not
	settings, err := unix.IoctlGetTermios(int(end.Fd()), getTermios)
	if err == nil {
		settings.Oflag &^= unix.OPOST
		settings.Lflag &^= unix.ECHO
		err = unix.IoctlSetTermios(int(end.Fd()), setTermios, settings)
	}
	fd := -1
	if err == nil {
		fd, err = unix.FcntlInt(side.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		if fd >= 0 {
			unix.Close(fd)
		}
		return nil, nil, errors.Join(err, end.Close())
	}
	return os.NewFile(uintptr(fd), "terminal"), end, nil
}

// attend passes on what a person types, and the size of the window.
func (t *terminals) attend() {
	signal.Notify(t.resized, unix.SIGWINCH)
	t.running.Go(func() {
		for {
			select {
			case <-t.stop:
				return
			case <-t.resized:
				t.resize()
			}
		}
	})
	if t.typed != nil {
		t.running.Go(t.passTyped)
	}
}

// endOfInput is what a terminal turns into the end of its input.
const endOfInput = 4

func (t *terminals) passTyped() {
	buf := make([]byte, 4096)
	for {
		n, err := t.typed.ReadUntil(buf, time.Time{})
		if errors.Is(err, errInterrupted) {
			return
		}
		if err != nil {
			buf[0], n = endOfInput, 1
		}
		if _, werr := t.sides[0].Write(buf[:n]); werr != nil || err != nil {
			return
		}
	}
}

// resize gives the terminals the size of ours.
func (t *terminals) resize() {
	for _, ours := range []*os.File{os.Stdout, os.Stderr, os.Stdin} {
		size, err := unix.IoctlGetWinsize(int(ours.Fd()), unix.TIOCGWINSZ)
		if err != nil {
			continue
		}
		for _, side := range t.sides {
			if conn, err := side.SyscallConn(); err == nil {
				_ = conn.Control(func(fd uintptr) { _ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size) })
			}
		}
		return
	}
}

// close ends what attend has started. The sides are closed by their readers.
func (t *terminals) close() {
	signal.Stop(t.resized)
	close(t.stop)
	if t.typed != nil {
		t.typed.Interrupt()
	}
	t.running.Wait()
	if t.typed != nil {
		t.typed.Close()
	}
}
