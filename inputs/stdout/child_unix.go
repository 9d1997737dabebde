//go:build unix

package stdout

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/renthub/sluice/internal/term"
)

// output is one stream of a program.
type output struct {
	name string
	r    reader
}

// child is a running program.
type child struct {
	cmd     *exec.Cmd
	outputs []output // standard output, standard error
	tty     *terminals
	shared  bool // it is in our process group, as it shares our terminal
	began   time.Time
	asked   time.Time // when it was first asked to end
}

// startChild starts the program with its streams connected to us.
func startChild(c Config) (*child, error) {
	cmd := exec.Command(c.Command[0], c.Command[1:]...)
	cmd.Dir = c.Directory
	cmd.Env = environment(c.Env)
	ch := &child{cmd: cmd}
	var ends []*os.File // the program's, which we close once it has them
	var err error
	if c.PTY {
		ends, err = ch.giveTerminals(c.Stdin)
	} else {
		ends, err = ch.givePipes(c.Stdin)
	}
	if err == nil {
		ch.began = time.Now()
		err = cmd.Start()
	}
	for _, f := range ends {
		f.Close()
	}
	if err != nil {
		ch.close()
		return nil, err
	}
	if ch.tty != nil {
		ch.tty.attend()
	}
	return ch, nil
}

// givePipes connects the program with pipes.
func (c *child) givePipes(stdin bool) ([]*os.File, error) {
	if stdin {
		c.cmd.Stdin = os.Stdin
		c.shared = term.IsTerminal(os.Stdin)
	}
	if !c.shared {
		c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	var ends []*os.File
	for _, name := range []string{"stdout", "stderr"} {
		r, w, err := os.Pipe()
		if err != nil {
			return ends, err
		}
		widen(r)
		c.outputs = append(c.outputs, output{name, &pollable{f: r}})
		ends = append(ends, w)
	}
	c.cmd.Stdout, c.cmd.Stderr = ends[0], ends[1]
	return ends, nil
}

// wait waits until the program ended.
func (c *child) wait() exit {
	err := c.cmd.Wait()
	e := exit{after: time.Since(c.began)}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		e.err = err
	}
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		e.code = startFailed
	case status.Signaled():
		e.code, e.signal = 128+int(status.Signal()), status.Signal().String()
	default:
		e.code = status.ExitStatus()
	}
	return e
}

// signal sends a signal to the program and what it started. What our terminal
// sends to it by itself is left out.
func (c *child) signal(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return errors.ErrUnsupported
	}
	if c.shared {
		if s == syscall.SIGINT || s == syscall.SIGQUIT {
			return nil
		}
		return c.cmd.Process.Signal(s)
	}
	return c.signalGroup(s)
}

func (c *child) signalGroup(s syscall.Signal) error {
	err := syscall.Kill(-c.cmd.Process.Pid, s)
	if errors.Is(err, unix.ESRCH) {
		return nil // it has ended
	}
	return err
}

// terminate asks the program to end, and kill ends it.
func (c *child) terminate() {
	if c.asked.IsZero() {
		c.asked = time.Now()
	}
	_ = c.signal(syscall.SIGTERM)
}

func (c *child) kill() { _ = c.signal(syscall.SIGKILL) }

// endGroup ends what the program has left behind in its process group. The
// group's number cannot be another's while one of its processes lives.
func (c *child) endGroup(grace time.Duration) {
	if c.shared || !c.groupLives() {
		return
	}
	c.terminate()
	late := time.After(time.Until(c.asked.Add(grace)))
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for c.groupLives() {
		select {
		case <-look.C:
		case <-late:
			c.kill()
			return
		}
	}
}

// groupLives reports whether the group has a process that has not ended.
func (c *child) groupLives() bool {
	group := c.cmd.Process.Pid
	return syscall.Kill(-group, 0) == nil && !onlyZombies(group)
}

// close closes our ends of its streams.
func (c *child) close() {
	for _, o := range c.outputs {
		o.r.Close()
	}
	if c.tty != nil {
		c.tty.close()
	}
}

// hungUp reports whether err is how the end of a terminal shows.
func hungUp(err error) bool { return errors.Is(err, unix.EIO) }
