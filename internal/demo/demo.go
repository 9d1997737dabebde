// Package demo writes logs as a rental platform does: JSON lines of five
// services, an nginx access log, and a Laravel log with stack traces. The files
// grow at a calm pace and are rotated, so that Sluice can be seen at work
// before there is anything of one's own to read.
package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// Options say how the logs are written. The zero value of a field is its
// default.
type Options struct {
	Dir     string
	Every   time.Duration // from line to line; 50 ms
	MaxSize int64         // a file is rotated at this size; 128 KiB
	Keep    int           // rotated files that stay of each; 2
	Seed    uint64        // of what the lines say; 0 is another each time
	Now     func() time.Time
}

// Names are the files that are written, besides rotated ones.
func Names() []string {
	names := []string{"nginx-access.log", "laravel.log"}
	for _, s := range services {
		names = append(names, s.name+".log")
	}
	return names
}

// Writer writes the logs of a folder. It is for one goroutine.
type Writer struct {
	o       Options
	rand    *rand.Rand
	request int64
	buf     []byte
}

// New makes the folder and returns its Writer.
func New(o Options) (*Writer, error) {
	if o.Every <= 0 {
		o.Every = 50 * time.Millisecond
	}
	if o.MaxSize <= 0 {
		o.MaxSize = 128 << 10
	}
	if o.Keep <= 0 {
		o.Keep = 2
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the demo's folder: %w", err)
	}
	return &Writer{o: o, rand: rand.New(rand.NewPCG(o.Seed, 1))}, nil
}

// Run writes records until ctx ends.
func (w *Writer) Run(ctx context.Context) error {
	tick := time.NewTicker(w.o.Every)
	defer tick.Stop()
	for {
		if err := w.Write(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Write writes one record to one of the files.
func (w *Writer) Write() error {
	w.request++
	now := w.o.Now()
	var name string
	switch n := w.rand.IntN(100); {
	case n < 30:
		name, w.buf = "nginx-access.log", w.appendAccess(w.buf[:0], now)
	case n < 45:
		name, w.buf = "laravel.log", w.appendLaravel(w.buf[:0], now)
	default:
		s := &services[w.rand.IntN(len(services))]
		name, w.buf = s.name+".log", w.appendService(w.buf[:0], now, s)
	}
	return w.put(filepath.Join(w.o.Dir, name), w.buf)
}

// put appends a record to a file, which is rotated first if it is long.
func (w *Writer) put(path string, record []byte) error {
	if info, err := os.Stat(path); err == nil && info.Size() >= w.o.MaxSize {
		if err := w.rotate(path); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("open the demo's log: %w", err)
	}
	_, err = f.Write(record)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write the demo's log: %w", err)
	}
	return nil
}

// rotate renames app.log to app.log.1, that to app.log.2, and so on.
func (w *Writer) rotate(path string) error {
	for n := w.o.Keep; n > 0; n-- {
		from := path
		if n > 1 {
			from = fmt.Sprintf("%s.%d", path, n-1)
		}
		if err := os.Rename(from, fmt.Sprintf("%s.%d", path, n)); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("rotate the demo's log: %w", err)
		}
	}
	return nil
}
