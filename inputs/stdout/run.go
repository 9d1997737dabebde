package stdout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
)

const (
	// A program that ends is started again after firstBackoff, twice that the
	// next time, at most maxBackoff; after one that ran for steadyAfter it
	// begins anew.
	firstBackoff = time.Second
	maxBackoff   = time.Minute
	steadyAfter  = time.Minute
	// startFailed is the shell's exit code of a command that is not there.
	startFailed = 127
)

// keepRunning runs the program, again and again if it is to be restarted.
func (in *Input) keepRunning(ctx context.Context, emit inputs.Emit) error {
	backoff := in.backoff
	for {
		began := time.Now()
		err := in.runOnce(ctx, emit)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errStopped), !in.again(err):
			return err
		}
		if time.Since(began) > steadyAfter {
			backoff = in.backoff
		}
		in.pause(ctx, backoff, err)
		if ctx.Err() != nil {
			return nil
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// pause waits before the program is started again.
func (in *Input) pause(ctx context.Context, d time.Duration, err error) {
	note := fmt.Sprintf("exited with code %d, starts again", in.ExitCode())
	if err != nil {
		note = err.Error()
	}
	in.show(nil, nil, note)
	in.deps.Logger.Warn("program starts again", "exit_code", in.ExitCode(), "after", d, "error", err)
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// again reports whether the policy says to start the program again after a run
// that could not begin for err, or ended.
func (in *Input) again(err error) bool {
	switch in.config.Restart {
	case restartAlways:
		return true
	case restartFailure:
		return err != nil || in.ExitCode() != 0
	}
	return false
}

// errStopped means that the pipeline takes no more.
var errStopped = errors.New("the pipeline takes no more")

// runOnce runs the program until it ended and all that it wrote was handed on.
// An error that is not errStopped means that it could not be started.
func (in *Input) runOnce(ctx context.Context, emit inputs.Emit) error {
	c, err := startChild(in.config)
	if err != nil {
		in.exitCode.Store(startFailed)
		return fmt.Errorf("start %s: %w", in.config.Command[0], err)
	}
	name := title(in.config.Command)
	var streams []*stream
	for _, o := range c.outputs {
		s, err := in.newStream(o.r, in.newSource(o.name+" of "+name, o.name), emit)
		if err != nil {
			c.kill()
			return errors.Join(err, c.wait().err)
		}
		streams = append(streams, s)
	}
	in.show(c, streams, "")
	exit, err := in.attend(ctx, c, streams)
	in.exitCode.Store(int64(exit.code))
	in.show(nil, nil, "exited")
	if err != nil {
		return fmt.Errorf("%w: %w", errStopped, err)
	}
	if err := in.last(ctx, streams, exit, emit); err != nil {
		return fmt.Errorf("%w: %w", errStopped, err)
	}
	return nil
}

// attend reads the streams until the program ended and they did, and ends it
// when ctx does. The error is that of a stream whose lines were not taken.
func (in *Input) attend(ctx context.Context, c *child, streams []*stream) (exit, error) {
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	var running sync.WaitGroup
	failed := make([]error, len(streams))
	for i, s := range streams {
		running.Go(func() {
			if failed[i] = s.run(ctx); failed[i] != nil {
				giveUp() // nobody takes what the program writes
			}
		})
	}
	read := make(chan struct{}) // closed when all streams ended
	go func() { running.Wait(); close(read) }()
	gone := make(chan exit, 1)
	go func() { gone <- c.wait() }()

	e := in.awaitExit(ctx, c, gone)
	drain(streams, read)
	<-read
	c.endGroup(in.config.Grace.Std())
	c.close()
	return e, errors.Join(failed...)
}

// awaitExit waits until the program ended, and ends it when ctx does.
func (in *Input) awaitExit(ctx context.Context, c *child, gone <-chan exit) exit {
	select {
	case e := <-gone:
		return e
	case <-ctx.Done():
	}
	c.terminate()
	select {
	case e := <-gone:
		return e
	case <-time.After(in.config.Grace.Std()):
	}
	c.kill()
	return <-gone
}

const (
	// After the program's end its streams are read until they end, but they
	// do not if a process that it started holds them: then until nothing came
	// for drainQuiet, or drainBytes came, more than a pipe can hold.
	drainQuiet = 300 * time.Millisecond
	drainBytes = 2 << 20
	drainLook  = 20 * time.Millisecond
)

func drain(streams []*stream, read <-chan struct{}) {
	before := make([]int64, len(streams))
	for i, s := range streams {
		before[i] = s.read.Load()
	}
	look := time.NewTicker(drainLook)
	defer look.Stop()
	for {
		select {
		case <-read:
			return
		case <-look.C:
		}
		for i, s := range streams {
			if s.waits(drainQuiet) || s.read.Load()-before[i] > drainBytes {
				s.r.Interrupt()
			}
		}
	}
}

// last hands on the program's end: an event with its exit code, and that its
// sources bring nothing more.
func (in *Input) last(ctx context.Context, streams []*stream, e exit, emit inputs.Emit) error {
	var cut []*event.Batch
	for i, s := range streams {
		b := s.lastBatch()
		if i == 0 {
			in.addExit(b, e)
		} else if s.at == 0 {
			in.deps.Pool.Put(b) // nobody has heard of this source
			continue
		}
		cut = append(cut, b)
	}
	return handOver(ctx, emit, cut)
}
