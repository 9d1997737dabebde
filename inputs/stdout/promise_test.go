//go:build unix

package stdout

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs/framing"
	"github.com/renthub/sluice/inputs/inputtest"
)

func TestTheSinkOfTheContractHasNoComplaint(t *testing.T) {
	for _, pty := range []bool{false, true} {
		sink := inputtest.NewSink()
		c := shell(`echo a; echo b >&2; printf 'half'; exit 1`)
		c.PTY = pty
		in := newPipe(t).open(c)
		if err := inputtest.Start(t, in, nil, sink.Emit).WaitEnd(t); err != nil {
			t.Fatal(err)
		}
		if got := sink.Violations(); got != nil {
			t.Errorf("pty %t: %v", pty, got)
		}
		if got := sink.Positions(); len(got) != 0 {
			t.Errorf("pty %t: positions %v are left, want all sources done", pty, got)
		}
	}
}

func TestAStoppedInputIsBackInASecond(t *testing.T) {
	sink := inputtest.NewSink()
	sink.Gate = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() } // a full buffer
	in := newPipe(t).open(shell(`echo a; sleep 60`))
	running := inputtest.Start(t, in, nil, sink.Emit)
	for end := time.Now().Add(deadline); len(in.Report()) == 0; {
		if time.Now().After(end) {
			t.Fatal("it did not start")
		}
	}
	running.Stop(t)
}

func TestBatchesAreCutAtTheirLimit(t *testing.T) {
	p := newPipe(t)
	s := testStream(t, p)
	line := append(bytes.Repeat([]byte{'x'}, 999), '\n')
	s.buf = bytes.Repeat(line, 2500)
	if err := s.pass(t.Context(), framing.Open); err != nil {
		t.Fatal(err)
	}
	if len(p.rows) != 2500 || p.bytes != 2_500_000 || p.largest > event.MaxBatch+1000 {
		t.Errorf("%d rows of %d bytes, the largest batch %d, want 2500 of 2500000 and at most %d", len(p.rows), p.bytes, p.largest, event.MaxBatch)
	}
}

func TestAnInterruptBeforeTheReadHolds(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p := &pollable{f: r}
	defer p.Close()
	p.Interrupt()
	got := make(chan error, 1)
	go func() {
		_, err := p.ReadUntil(make([]byte, 1), time.Time{})
		got <- err
	}()
	select {
	case err := <-got:
		if !errors.Is(err, errInterrupted) {
			t.Errorf("got %v, want errInterrupted", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the read waits without end")
	}
}

func TestAGroupOfZombiesDoesNotLive(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd}
	if !c.groupLives() {
		t.Error("a running program counts as ended")
	}
	c.kill()
	for end := time.Now().Add(5 * time.Second); c.groupLives(); { // nobody has asked for its exit code
		if time.Now().After(end) {
			t.Error("a zombie counts as running")
			break
		}
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &failed) {
		t.Error(err)
	}
}

func TestConfigProblemsHaveTheirPlace(t *testing.T) {
	var got []string
	for _, p := range (Config{Restart: "sometimes", Command: []string{""}, MaxLineSize: 3}).Validate() {
		got = append(got, p.Attr)
	}
	if diff := cmp.Diff(got, []string{"restart", "command", "max_line_size"}); diff != "" {
		t.Errorf("attributes (-got +want):\n%s", diff)
	}
	if got := Type.Config().(*Config).Validate(); got != nil {
		t.Errorf("the defaults have problems: %v", got)
	}
}
