//go:build integration

package endtoend

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

// terminal is a shell that a reader of the documentation types into. It has
// `sluice` on its path.
type terminal struct {
	in     io.Writer
	lines  chan string
	cmd    *exec.Cmd
	exited chan struct{}
}

func newTerminal(t *testing.T, dir string) *terminal {
	t.Helper()
	bin := t.TempDir()
	if err := os.Symlink(rig.Binary(t), filepath.Join(bin, "sluice")); err != nil {
		t.Fatal(err)
	}
	s := &terminal{cmd: exec.Command("bash"), lines: make(chan string, 10000), exited: make(chan struct{})}
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, screen, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.in, s.cmd.Stdout, s.cmd.Stderr = in, screen, screen
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close()
	go func() {
		defer close(s.exited)
		defer out.Close()
		for r := bufio.NewScanner(out); r.Scan(); {
			s.lines <- r.Text()
		}
		_ = s.cmd.Wait() // it was killed
	}()
	t.Cleanup(s.close)
	return s
}

// close ends the shell and what runs in it, as closing the window does.
func (s *terminal) close() {
	syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.exited
	}
}

// enter types text and does not wait for its end.
func (s *terminal) enter(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(s.in, text+"\n"); err != nil {
		t.Fatal(err)
	}
}

// run types text and returns what it prints, and its last exit code.
func (s *terminal) run(t *testing.T, text string) (printed string, code int) {
	t.Helper()
	const mark = "-- the reader looks up --"
	s.enter(t, text+"\necho; echo '"+mark+"' $?")
	var all strings.Builder
	patience := time.After(30 * time.Second)
	for {
		select {
		case line := <-s.lines:
			if rest, ok := strings.CutPrefix(line, mark); ok {
				fmt.Sscan(rest, &code)
				return strings.TrimSpace(all.String()), code
			}
			all.WriteString(line + "\n")
		case <-patience:
			t.Fatalf("still waiting for the end of %q, which printed %q", text, all.String())
		}
	}
}
