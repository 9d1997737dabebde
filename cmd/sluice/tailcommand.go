package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/renthub/sluice/inputs/stdout"
	"github.com/renthub/sluice/internal/term"
	"github.com/renthub/sluice/pipeline"
)

// tailStdin shows standard input until it ends.
func (t *tailer) tailStdin(ctx context.Context) error {
	in, direct, err := t.open(stdout.Config{})
	if err != nil {
		return exit(exitUsage, err)
	}
	ctx, stop := t.whileRead(ctx)
	defer stop()
	return t.ended(in.Run(ctx, nil, direct.Emit), exitDone)
}

// tailCommand runs a program and shows what it writes, until it ends.
func (t *tailer) tailCommand(ctx context.Context, command []string) error {
	terminal := term.IsTerminal(os.Stdout)
	in, direct, err := t.open(stdout.Config{Command: command, Stdin: true, PTY: terminal && !t.noPTY})
	if err != nil {
		return exit(exitUsage, err)
	}
	ctx, stop := t.whileRead(context.WithoutCancel(ctx))
	defer stop()
	ctx, cancel := passSignals(ctx, in)
	defer cancel()
	err = in.Run(ctx, nil, direct.Emit)
	return t.ended(err, in.ExitCode())
}

// open opens the input of a program, or of standard input.
func (t *tailer) open(c stdout.Config) (*stdout.Input, *pipeline.Direct, error) {
	direct, deps, err := t.direct()
	if err != nil {
		return nil, nil, err
	}
	config := stdout.Type.Config().(*stdout.Config)
	config.Command, config.Stdin, config.PTY = c.Command, c.Stdin, c.PTY
	in, err := stdout.Type.Open(config, deps)
	if err != nil {
		return nil, nil, err
	}
	return in.(*stdout.Input), direct, nil
}

// passSignals passes the first signal that would end us on to the program,
// which ends as it likes; at the second the returned context ends, and with it
// the program; the third ends us at once.
func passSignals(ctx context.Context, in interface{ Signal(os.Signal) error }) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case s := <-signals:
				if n > 0 || in.Signal(s) != nil {
					signal.Stop(signals)
					cancel()
				}
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
		<-done
	}
}
