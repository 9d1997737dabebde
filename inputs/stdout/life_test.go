//go:build unix

package stdout

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs/framing"
)

// alive reports whether a process is there and no zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestAGrandchildThatHoldsThePipeIsEnded(t *testing.T) {
	for _, c := range []struct{ name, grandchild string }{
		{"and is silent", "sleep 100"},
		{"and writes without end", "while :; do echo chatter; done"},
		{"and ignores SIGTERM", `trap "" TERM; sleep 100`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPipe(t)
			config := shell(fmt.Sprintf(`(%s) & echo pid $!; exit 4`, c.grandchild))
			config.Grace = 100e6
			in := p.open(config)
			p.run(in)
			if in.ExitCode() != 4 {
				t.Errorf("exit code %d, want 4", in.ExitCode())
			}
			text, ok := strings.CutPrefix(firstWith(p.of("stdout"), "pid "), "pid ")
			pid, err := strconv.Atoi(text)
			if !ok || err != nil {
				t.Fatalf("no pid in %.100q", p.of("stdout"))
			}
			for end := time.Now().Add(deadline); alive(pid); {
				if time.Now().After(end) {
					t.Fatalf("process %d is still there", pid)
				}
			}
		})
	}
}

func firstWith(lines []string, prefix string) string {
	for _, l := range lines {
		if strings.HasPrefix(l, prefix) {
			return l
		}
	}
	return ""
}

func TestAProgramIsStartedAgain(t *testing.T) {
	for _, c := range []struct {
		name, policy, script string
		again                bool
	}{
		{"always, though it ended well", "always", "echo x", true},
		{"on failure, as it failed", "on_failure", "echo x; exit 1", true},
		{"on failure, but it ended well", "on_failure", "echo x", false},
		{"never", "never", "echo x; exit 1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPipe(t)
			config := shell(c.script)
			config.Restart = c.policy
			in := p.open(config)
			in.backoff = time.Millisecond
			if !c.again {
				p.run(in)
				if got := p.of("stdout"); len(got) != 1 {
					t.Errorf("ran %d times, want once", len(got))
				}
				return
			}
			stop := p.start(in)
			p.await("three runs", func([]row) bool { return len(p.sources) >= 3 })
			stop()
			if got := p.exits(); len(got) < 2 {
				t.Errorf("%d exit events, want one for each run", len(got))
			}
		})
	}
}

func TestARestartThatCannotBeginIsTriedAgain(t *testing.T) {
	p := newPipe(t)
	program := t.TempDir() + "/late"
	c := shell("")
	c.Command, c.Restart = []string{program}, restartFailure
	in := p.open(c)
	in.backoff = time.Millisecond
	stop := p.start(in)
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho here\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.await("the program", hasLine("here"))
	stop()
}

func TestSignalsArePassedOn(t *testing.T) {
	for _, pty := range []bool{false, true} {
		t.Run(fmt.Sprintf("pty %t", pty), func(t *testing.T) {
			p := newPipe(t)
			c := shell(`trap 'echo usr1' USR1; trap 'echo int; exit 7' INT; echo ready; while :; do sleep 0.01; done`)
			c.PTY = pty
			in := p.open(c)
			if err := in.Signal(syscall.SIGUSR1); err != nil {
				t.Errorf("before the start: %v", err)
			}
			stop := p.start(in)
			p.await("the start", hasLine("ready"))
			if err := in.Signal(syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
			p.await("the signal", hasLine("usr1"))
			if err := in.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			p.await("the end", hasLine(exitLine))
			stop()
			if diff := cmp.Diff(p.of("stdout"), []string{"ready", "usr1", "int"}); diff != "" {
				t.Errorf("stdout (-got +want):\n%s", diff)
			}
			if in.ExitCode() != 7 {
				t.Errorf("exit code %d, want 7", in.ExitCode())
			}
		})
	}
}

func TestASlowPipelineBlocksTheProgramAndMemoryIsBounded(t *testing.T) {
	const size = 16 << 20
	p := newPipe(t)
	p.gate = make(chan struct{})
	in := p.open(shell(fmt.Sprintf(`yes 0123456789012345678901234567890123456789 | head -c %d`, size)))
	stop := p.start(in)
	<-p.held // nothing is taken: what has been read stays at one pass
	if got := in.Report()[0].Offset; got > 2*maxPass {
		t.Errorf("read %d bytes while nothing is taken, want at most %d", got, 2*maxPass)
	}
	close(p.gate)
	p.await("all", func([]row) bool { return p.bytes == size+int64(len(exitLine)) && p.done[onlyID(p)] })
	stop()
	if p.largest > event.MaxBatch {
		t.Errorf("a batch of %d bytes, want at most %d", p.largest, event.MaxBatch)
	}
}

func onlyID(p *pipe) uint64 {
	for id := range p.done {
		return id
	}
	return 0
}

func TestALongLineDoesNotMakeTheBufferLargeForEver(t *testing.T) {
	s := testStream(t, newPipe(t))
	s.buf = make([]byte, 0, 8*maxPass)
	s.buf = append(s.buf, "x\n"...)
	if err := s.pass(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if cap(s.buf) > 2*maxPass {
		t.Errorf("keeps %d bytes", cap(s.buf))
	}
}

func testStream(t *testing.T, p *pipe) *stream {
	t.Helper()
	in := p.open(shell(""))
	s, err := in.newStream(nil, in.newSource("test", ""), p.emit)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEnvironmentAndDirectoryAreTheProgram(t *testing.T) {
	p := newPipe(t)
	dir := t.TempDir()
	c := shell(`echo $GREETING; pwd -P`)
	c.Directory, c.Env = dir, map[string]string{"GREETING": "hello"}
	p.run(p.open(c))
	if diff := cmp.Diff(p.of("stdout"), []string{"hello", dir}); diff != "" {
		t.Errorf("stdout (-got +want):\n%s", diff)
	}
}

func TestMultilineRecordsAreOneRow(t *testing.T) {
	rule, err := framing.Match(regexp.MustCompile(`^\S`), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := newPipe(t)
	c := shell(`printf 'A\n b\n c\nD\n e\n'`)
	p.rule = rule
	p.run(p.open(c))
	if diff := cmp.Diff(p.of("stdout"), []string{"A\n b\n c", "D\n e"}); diff != "" {
		t.Errorf("stdout (-got +want):\n%s", diff)
	}
}
