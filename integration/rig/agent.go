//go:build integration

package rig

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Agent is one run of `sluice run`.
type Agent struct {
	Began time.Time // just before exec

	cmd    *exec.Cmd
	log    string
	exited chan struct{}
	err    error // of Wait; set before exited is closed
}

// Start runs the agent on a config file, under another command (strace and its
// flags) if one is given. It is killed when the test ends.
func Start(t testing.TB, config string, under ...string) *Agent {
	t.Helper()
	command := append(under, Binary(t), "run", "-c", config)
	a := &Agent{cmd: exec.Command(command[0], command[1:]...), log: config + ".log", exited: make(chan struct{})}
	log, err := os.OpenFile(a.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	a.cmd.Stdout, a.cmd.Stderr = log, log
	// A group of its own: killing strace must take the agent along.
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	a.Began = time.Now()
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		a.err = a.cmd.Wait()
		close(a.exited)
	}()
	t.Cleanup(a.Kill)
	return a
}

// Pid is the process id of the agent, or of what it runs under.
func (a *Agent) Pid() int { return a.cmd.Process.Pid }

// Kill sends SIGKILL and waits until the process is gone, and what ran under it.
func (a *Agent) Kill() {
	syscall.Kill(-a.Pid(), syscall.SIGKILL)
	<-a.exited
	for deadline := time.Now().Add(5 * time.Second); syscall.Kill(-a.Pid(), 0) == nil && time.Now().Before(deadline); {
		Pause(time.Millisecond)
	}
}

// Signal sends s to the process.
func (a *Agent) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(a.Pid(), s); err != nil {
		t.Fatalf("send %s: %v", s, err)
	}
}

// Exited is closed when the process has ended.
func (a *Agent) Exited() <-chan struct{} { return a.exited }

// Running says whether the process lives.
func (a *Agent) Running() bool {
	select {
	case <-a.exited:
		return false
	default:
		return true
	}
}

// ExitCode waits for the end and returns the exit code, or -1 for a signal.
func (a *Agent) ExitCode(t testing.TB, patience time.Duration) int {
	t.Helper()
	select {
	case <-a.exited:
	case <-time.After(patience):
		t.Fatalf("the agent still runs after %s and says: %s", patience, a.Log())
	}
	if a.err == nil {
		return 0
	}
	if e := (*exec.ExitError)(nil); errors.As(a.err, &e) {
		return e.ExitCode()
	}
	t.Fatalf("wait for the agent: %v", a.err)
	return -1
}

// Stop ends the agent as a service manager does, and demands exit code 0.
func (a *Agent) Stop(t testing.TB) {
	t.Helper()
	a.Signal(t, syscall.SIGTERM)
	if code := a.ExitCode(t, 40*time.Second); code != 0 {
		t.Fatalf("exit code %d after SIGTERM; the agent says: %s", code, a.Log())
	}
}

// Log is the end of what agents on this config printed.
func (a *Agent) Log() string {
	text, err := os.ReadFile(a.log)
	if err != nil {
		return fmt.Sprint(err)
	}
	return strings.TrimSpace(string(text[max(0, len(text)-4000):]))
}

// LogHolds says whether agents on this config printed text.
func (a *Agent) LogHolds(text string) bool {
	all, err := os.ReadFile(a.log)
	return err == nil && strings.Contains(string(all), text)
}
