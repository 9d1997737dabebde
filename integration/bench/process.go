package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a child of the runner.
type process struct {
	cmd    *exec.Cmd
	began  time.Time
	exited chan struct{} // closed when it has been waited for
	err    error         // of Wait; set before exited is closed
}

func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{}), began: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks the process to end, waits, and insists after a while.
func (p *process) stop(patience time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.cmd.Process.Kill() // Windows knows no SIGTERM
	}
	select {
	case <-p.exited:
		return p.err
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("%s did not end within %s", p.cmd.Path, patience)
	}
}

// pinned returns a command that runs on one core only, where that can be had.
func pinned(core string, command []string) *exec.Cmd {
	if core != "" {
		command = append([]string{"taskset", "-c", core}, command...)
	}
	return exec.Command(command[0], command[1:]...)
}

// startAgent runs the agent on its config. What it prints goes to a file in the
// run's folder.
func (r *runner) startAgent(c agentConfig) (*process, error) {
	log, err := os.OpenFile(c.path()+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make the agent's log: %w", err)
	}
	defer log.Close() // the child has its own
	cmd := pinned(r.agentCore, []string{r.Agent, "run", "-c", c.path()})
	cmd.Stdout, cmd.Stderr, cmd.Dir, cmd.Env = log, log, c.dir, environment()
	return startProcess(cmd)
}

// startSink runs the sink and returns when it listens.
func (r *runner) startSink(ctx context.Context) error {
	cmd := pinned(r.sinkCore, r.Sink)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("prepare the sink: %w", err)
	}
	out, in := io.Pipe()
	cmd.Stdout = in
	p, err := startProcess(cmd)
	if err != nil {
		return err
	}
	r.sinkProcess, r.sinkInput = p, stdin
	go func() {
		<-p.exited
		in.CloseWithError(errors.New("the sink ended"))
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("wait for the sink's addresses: %w", err)
	}
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&r.sink.addresses); err != nil {
		return fmt.Errorf("read the sink's addresses: %w", err)
	}
	return nil
}

// stopSink ends the sink.
func (r *runner) stopSink() {
	if r.sinkProcess == nil {
		return
	}
	r.sinkInput.Close()
	<-r.sinkProcess.exited
}
