package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// whileRead is ctx until nobody reads standard output any more, as with
// | head. That is noticed when it happens, not at the next line; and a write
// then returns an error, where it would end the process: a program that we run
// is to be ended first.
func (t *tailer) whileRead(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if awaitReaderGone(ctx, os.Stdout) {
			t.shown.closed.Store(true)
			cancel()
		}
	}()
	return ctx, func() {
		cancel()
		<-done
		signal.Stop(pipe)
	}
}
