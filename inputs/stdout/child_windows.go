package stdout

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

// output is one stream of a program.
type output struct {
	name string
	r    reader
}

// child is a running program. Windows has neither process groups nor
// terminals of the kind that this package gives: only the program itself is
// ended, and only by force.
type child struct {
	cmd     *exec.Cmd
	outputs []output // standard output, standard error
	began   time.Time
}

// startChild starts the program with its streams connected to us.
func startChild(c Config) (*child, error) {
	cmd := exec.Command(c.Command[0], c.Command[1:]...)
	cmd.Dir = c.Directory
	cmd.Env = environment(c.Env)
	if c.Stdin {
		cmd.Stdin = os.Stdin
	}
	ch := &child{cmd: cmd}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, outR.Close(), outW.Close())
	}
	cmd.Stdout, cmd.Stderr = outW, errW
	ch.outputs = []output{{"stdout", newPump(outR)}, {"stderr", newPump(errR)}}
	ch.began = time.Now()
	err = cmd.Start()
	outW.Close()
	errW.Close()
	if err != nil {
		ch.close()
		return nil, err
	}
	return ch, nil
}

// wait waits until the program ended.
func (c *child) wait() exit {
	err := c.cmd.Wait()
	e := exit{after: time.Since(c.began), code: c.cmd.ProcessState.ExitCode()}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		e.err = err
	}
	return e
}

// signal sends a signal to the program. Our console sends Ctrl-C to it by
// itself.
func (c *child) signal(sig os.Signal) error {
	if sig == os.Interrupt {
		return nil
	}
	return c.cmd.Process.Signal(sig)
}

func (c *child) terminate()             { _ = c.cmd.Process.Kill() }
func (c *child) kill()                  { _ = c.cmd.Process.Kill() }
func (c *child) endGroup(time.Duration) {}

// close closes our ends of its streams.
func (c *child) close() {
	for _, o := range c.outputs {
		o.r.Close()
	}
}

func newStandardInput() (reader, error) { return newPump(os.Stdin), nil }

// hungUp reports whether err is how the end of a terminal shows.
func hungUp(error) bool { return false }
