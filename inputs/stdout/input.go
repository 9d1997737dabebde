package stdout

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
)

// noExit is the exit code of a program that has not ended yet.
const noExit = -1

// Input is the input. Beside the contract it has what `sluice tail -- COMMAND`
// asks for.
type Input struct {
	config   Config
	deps     inputs.Deps
	framing  framing.Config
	backoff  time.Duration // before the first restart
	exitCode atomic.Int64

	mu      sync.Mutex
	child   *child    // the running program; guarded by mu
	streams []*stream // those of the last run; guarded by mu
	note    string    // why there is none; guarded by mu
}

// ExitCode is the exit code of the program's last run: 128 and the signal's
// number if a signal ended it, 127 if it could not be started, and -1 before
// it ended.
func (in *Input) ExitCode() int { return int(in.exitCode.Load()) }

// Signal passes a signal on to the running program, and to what it started. It
// does nothing if none is running.
func (in *Input) Signal(sig os.Signal) error {
	in.mu.Lock()
	c := in.child
	in.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.signal(sig)
}

// Run implements inputs.Input.
func (in *Input) Run(ctx context.Context, _ inputs.Positions, emit inputs.Emit) error {
	if len(in.config.Command) == 0 {
		return in.readStandardInput(ctx, emit)
	}
	return in.keepRunning(ctx, emit)
}

// readStandardInput ships standard input until it ends.
func (in *Input) readStandardInput(ctx context.Context, emit inputs.Emit) error {
	r, err := newStandardInput()
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := in.newStream(r, in.newSource("standard input", ""), emit)
	if err != nil {
		return err
	}
	in.show(nil, []*stream{s}, "")
	defer context.AfterFunc(ctx, r.Interrupt)()
	err = s.run(ctx)
	if err == nil {
		err = s.finish(ctx)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// newSource returns a new generation of a stream.
func (in *Input) newSource(name, streamName string) *event.Source {
	constants := append([]event.Constant(nil), in.deps.Fields...)
	if in.deps.Service != "" {
		constants = append(constants, event.Constant{Key: "service.name", Value: in.deps.Service})
	}
	if streamName != "" {
		constants = append(constants, event.Constant{Key: "log.iostream", Value: streamName})
	}
	return &event.Source{ID: newGeneration(), Input: in.deps.Name, Name: name, Stream: streamName, Constants: constants}
}

func newGeneration() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

// title is what a person calls the program: its name and first argument.
func title(command []string) string {
	words := append([]string{filepath.Base(command[0])}, command[1:]...)
	return strings.Join(words[:min(len(words), 3)], " ")
}

// show stores what Report and Signal look at.
func (in *Input) show(c *child, streams []*stream, note string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.child, in.note = c, note
	if streams != nil {
		in.streams = streams
	}
}

// Report implements inputs.Reporter.
func (in *Input) Report() []inputs.Status {
	in.mu.Lock()
	defer in.mu.Unlock()
	var list []inputs.Status
	for _, s := range in.streams {
		st := inputs.Status{Source: s.src.Name, Offset: s.read.Load(), Size: -1, Note: in.note}
		if at := s.lastRow.Load(); at != 0 {
			st.LastRow = time.Unix(0, at)
		}
		list = append(list, st)
	}
	return list
}
