package inputtest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/renthub/sluice/inputs"
)

// Running is an input at work.
type Running struct {
	cancel context.CancelFunc
	ended  chan error
}

// Start runs an input until the test ends or Stop is called.
func Start(t testing.TB, in inputs.Input, saved inputs.Positions, emit inputs.Emit) *Running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &Running{cancel: cancel, ended: make(chan error, 1)}
	go func() { r.ended <- in.Run(ctx, saved, emit) }()
	t.Cleanup(func() { r.Stop(t) })
	return r
}

// Stop ends the input's context and checks that Run returns nil within a second.
func (r *Running) Stop(t testing.TB) {
	t.Helper()
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("Run returned %v after its context ended, want nil", err)
		}
	case <-time.After(time.Second):
		t.Errorf("Run did not return within a second after its context ended")
		<-r.ended
	}
}

// WaitEnd waits until Run returns by itself.
func (r *Running) WaitEnd(t testing.TB) error {
	t.Helper()
	defer func() { r.cancel = nil }()
	defer r.cancel()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Run did not return within ten seconds")
		return nil
	}
}

// logger writes to the test's output.
func logger(t testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }
