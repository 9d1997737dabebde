//go:build integration

package rig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Rotation is what a Writer does when its file is large enough.
type Rotation int

// The kinds of rotation.
const (
	Never    Rotation = iota
	Numbered          // app.log becomes app.log.1, which becomes app.log.2 and so on
	Dated             // app.log becomes app.log.20261124-100000.000
)

// Writer is a program that logs: lines at a fixed rate into one file.
type Writer struct {
	Number   int // of the writer
	Path     string
	Rate     int // lines a second
	Rotation Rotation
	RotateAt int64                                                          // size in bytes
	Keep     int                                                            // rotated files
	Line     func(dst []byte, writer int, seq uint64, now time.Time) []byte // AppendLine if nil

	written atomic.Uint64
	file    *os.File
	size    int64
	rotated []string // Dated files, oldest first
	reopen  atomic.Bool
	stop    context.CancelFunc
	done    chan error
}

// Start begins to write. The test's end stops it.
func (w *Writer) Start(t testing.TB) {
	t.Helper()
	if err := w.open(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.done = stop, make(chan error, 1)
	go func() {
		err := w.run(ctx)
		w.file.Close()
		w.done <- err
	}()
	t.Cleanup(stop)
}

// Stop ends the writing and returns how many lines there are.
func (w *Writer) Stop(t testing.TB) uint64 {
	t.Helper()
	w.stop()
	if err := <-w.done; err != nil {
		t.Fatal(err)
	}
	return w.Written()
}

// Written is how many lines were written so far.
func (w *Writer) Written() uint64 { return w.written.Load() }

// Reopen makes the writer open its path anew, as a daemon does at a signal, and
// returns when it has.
func (w *Writer) Reopen() {
	w.reopen.Store(true)
	for w.reopen.Load() {
		Pause(time.Millisecond)
	}
}

func (w *Writer) open() error {
	f, err := os.OpenFile(w.Path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("stat the log: %w", err)
	}
	w.file, w.size = f, info.Size()
	return nil
}

// run is an open loop: what could not be written in time is written as soon as
// it can be. Each line has its own write().
func (w *Writer) run(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	first := w.Written()
	makeLine := w.Line
	if makeLine == nil {
		makeLine = AppendLine
	}
	var line []byte
	for {
		due := first + uint64(time.Since(began).Seconds()*float64(w.Rate))
		for w.Written() < due {
			line = makeLine(line[:0], w.Number, w.Written(), time.Now())
			n, err := w.file.Write(line)
			if err != nil {
				return fmt.Errorf("write a line: %w", err)
			}
			w.size += int64(n)
			w.written.Add(1)
			if w.Rotation != Never && w.size >= w.RotateAt {
				if err := w.rotate(); err != nil {
					return err
				}
			}
		}
		if w.reopen.Load() {
			w.file.Close()
			if err := w.open(); err != nil {
				return err
			}
			w.reopen.Store(false)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *Writer) rotate() error {
	w.file.Close()
	var err error
	if w.Rotation == Numbered {
		err = w.shift()
	} else {
		err = w.date()
	}
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	return w.open()
}

func (w *Writer) shift() error {
	numbered := func(n int) string { return fmt.Sprintf("%s.%d", w.Path, n) }
	for n := w.Keep; n >= 1; n-- {
		if err := os.Rename(numbered(n), numbered(n+1)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	if err := os.Remove(numbered(w.Keep + 1)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Rename(w.Path, numbered(1))
}

func (w *Writer) date() error {
	name := w.Path + time.Now().UTC().Format(".20060102-150405.000000")
	if err := os.Rename(w.Path, name); err != nil {
		return err
	}
	w.rotated = append(w.rotated, name)
	if len(w.rotated) > w.Keep {
		if err := os.Remove(w.rotated[0]); err != nil {
			return err
		}
		w.rotated = w.rotated[1:]
	}
	return nil
}

// Writers are several programs that log into one folder.
type Writers []*Writer

// NewWriters makes n writers in dir that share a rate and rotate in turn by
// number and by date.
func NewWriters(dir string, n, linesPerSecond int) Writers {
	var ws Writers
	for i := range n {
		ws = append(ws, &Writer{
			Number: i, Path: filepath.Join(dir, fmt.Sprintf("app%d.log", i)), Rate: linesPerSecond / n,
			Rotation: Numbered + Rotation(i%2), RotateAt: 512 << 10, Keep: 64,
		})
	}
	return ws
}

// Start begins to write.
func (ws Writers) Start(t testing.TB) {
	t.Helper()
	for _, w := range ws {
		w.Start(t)
	}
}

// Stop ends the writing and returns the lines of each writer.
func (ws Writers) Stop(t testing.TB) map[int]uint64 {
	t.Helper()
	out := map[int]uint64{}
	for _, w := range ws {
		out[w.Number] = w.Stop(t)
	}
	return out
}

// Written is how many lines were written so far.
func (ws Writers) Written() uint64 {
	var n uint64
	for _, w := range ws {
		n += w.Written()
	}
	return n
}
