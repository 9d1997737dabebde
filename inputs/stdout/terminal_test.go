//go:build unix

package stdout

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/renthub/sluice/event"
)

func withPTY(script string) Config {
	c := shell(script)
	c.PTY = true
	return c
}

func TestOnATerminalAProgramWritesLineByLine(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	t.Setenv("PYTHONUNBUFFERED", "")
	p := newPipe(t)
	c := withPTY("")
	c.Command = []string{python, "-c", "import sys,time; print(1); time.sleep(60)"}
	stop := p.start(p.open(c))
	began := time.Now()
	p.await("the first line", hasLine("1"))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v: the line waited for the program's end", took)
	}
	stop()
}

func TestEachStreamHasATerminalOfItsOwn(t *testing.T) {
	p := newPipe(t)
	p.run(p.open(withPTY(`test -t 1 && echo out; test -t 2 && echo err >&2; printf 'a\r\nb\n'`)))
	if diff := cmp.Diff(p.of("stdout"), []string{"out", "a", "b"}); diff != "" {
		t.Errorf("stdout (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(p.of("stderr"), []string{"err"}); diff != "" {
		t.Errorf("stderr (-got +want):\n%s", diff)
	}
}

func TestATerminalPassesBytesAsTheyAre(t *testing.T) {
	p := newPipe(t)
	p.run(p.open(withPTY(`printf 'a\nb\n'`)))
	if got := p.bytes - int64(len(exitLine)); got != 4 {
		t.Errorf("%d bytes, want 4: the terminal has added some", got)
	}
}

func TestAPromptOnATerminalIsShownSoon(t *testing.T) {
	p := newPipe(t)
	stop := p.start(p.open(withPTY(`printf 'name? '; sleep 0.5; echo; printf 'more'; sleep 60`)))
	p.await("the prompt", hasLine("name? "))
	p.await("another", hasLine("more"))
	stop()
	want := []row{{"stdout", "name? ", event.Partial}, {"stdout", "more", event.Partial}}
	if diff := cmp.Diff(p.rows[:2], want); diff != "" {
		t.Errorf("rows (-got +want):\n%s", diff)
	}
}

func TestALineInTwoPartsIsMarked(t *testing.T) {
	p := newPipe(t)
	p.run(p.open(withPTY(`printf 'one '; sleep 0.4; echo two; echo three`)))
	want := []row{{"stdout", "one ", event.Partial}, {"stdout", "two", event.Continued}, {"stdout", "three", 0}}
	if diff := cmp.Diff(p.rows[:3], want); diff != "" {
		t.Errorf("rows (-got +want):\n%s", diff)
	}
}

func TestWithoutATerminalALineWaitsForItsEnd(t *testing.T) {
	p := newPipe(t)
	p.run(p.open(shell(`printf 'one '; sleep 0.4; echo two`)))
	if diff := cmp.Diff(p.of("stdout"), []string{"one two"}); diff != "" {
		t.Errorf("stdout (-got +want):\n%s", diff)
	}
}

// withStdin makes f the process's standard input for the test.
func withStdin(t *testing.T, f *os.File) {
	t.Helper()
	before := os.Stdin
	os.Stdin = f
	t.Cleanup(func() { os.Stdin = before })
}

func TestStandardInputIsRead(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	withStdin(t, r)
	p := newPipe(t)
	c := shell("")
	c.Command = nil
	go func() {
		fmt.Fprint(w, "a\nb\nlast")
		w.Close()
	}()
	p.run(p.open(c))
	if diff := cmp.Diff(p.of(""), []string{"a", "b", "last"}); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
	if len(p.done) != 1 || !p.done[onlyID(p)] {
		t.Error("the source is not done")
	}
}

func TestReadingStandardInputEndsWithTheInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	withStdin(t, r)
	p := newPipe(t)
	c := shell("")
	c.Command = nil
	stop := p.start(p.open(c))
	fmt.Fprint(w, "a\nhalf")
	p.await("the line", hasLine("a"))
	if took := stop(); took > time.Second {
		t.Errorf("took %v, want less than a second", took)
	}
	if diff := cmp.Diff(p.of(""), []string{"a", "half"}); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
}

func TestWhatIsTypedReachesTheProgramOnce(t *testing.T) {
	side, end, err := openTerminal()
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	defer side.Close()
	defer end.Close()
	withStdin(t, end)
	p := newPipe(t)
	c := withPTY(`echo ready; read line; echo "got $line"; cat; echo end`)
	c.Stdin = true
	stop := p.start(p.open(c))
	p.await("the start", hasLine("ready"))
	for _, typed := range []string{"hello\n", "more\n", "\x04"} {
		if _, err := side.WriteString(typed); err != nil {
			t.Fatal(err)
		}
	}
	p.await("the end", hasLine(exitLine))
	stop()
	if diff := cmp.Diff(p.of("stdout"), []string{"ready", "got hello", "more", "end"}); diff != "" {
		t.Errorf("stdout (-got +want):\n%s", diff)
	}
}

func TestTheProgramHasTheSizeOfOurTerminal(t *testing.T) {
	side, end, err := openTerminal()
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	defer side.Close()
	defer end.Close()
	setSize := func(rows uint16) {
		if err := unix.IoctlSetWinsize(int(end.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: 99}); err != nil {
			t.Fatal(err)
		}
	}
	setSize(33)
	before := os.Stdout
	os.Stdout = end
	t.Cleanup(func() { os.Stdout = before })
	p := newPipe(t)
	stop := p.start(p.open(withPTY(`trap 'stty size < /dev/tty' WINCH; stty size < /dev/tty; while :; do sleep 0.01; done`)))
	p.await("the size", hasLine("33 99"))
	setSize(44)
	if err := unix.Kill(unix.Getpid(), unix.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	p.await("the new size", hasLine("44 99"))
	stop()
}

func TestAPipeOnStandardInputIsTheProgramsOwn(t *testing.T) {
	for _, pty := range []bool{false, true} {
		t.Run(fmt.Sprintf("pty %t", pty), func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			withStdin(t, r)
			fmt.Fprint(w, strings.Repeat("x\n", 3))
			w.Close()
			p := newPipe(t)
			c := shell("cat")
			c.Stdin, c.PTY = true, pty
			p.run(p.open(c))
			if got := len(p.of("stdout")); got != 3 {
				t.Errorf("%d lines, want 3", got)
			}
		})
	}
}
