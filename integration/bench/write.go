package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// lineWriter writes the lines of a workload into files, and knows what it has
// written.
type lineWriter struct {
	lines Lines
	files []*os.File
	next  uint64 // sequence number; also how many were written
	bytes int64  // line ends included
	late  time.Duration
	base  time.Time // of the times in bulk
	buf   []byte
}

// open makes a number of files whose names begin with prefix, and closes those
// it had.
func (w *lineWriter) open(dir, prefix string, files int) error {
	w.close()
	for i := range files {
		path := filepath.Join(dir, fmt.Sprintf("%s%05d.log", prefix, i))
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return fmt.Errorf("make a log file: %w", err)
		}
		w.files = append(w.files, f)
	}
	return nil
}

func (w *lineWriter) close() {
	for _, f := range w.files {
		f.Close()
	}
	w.files = nil
}

// moveTo closes the files and moves them into dir, where the agent finds them
// complete.
func (w *lineWriter) moveTo(dir string) error {
	files := w.files
	w.close()
	for _, f := range files {
		if err := os.Rename(f.Name(), filepath.Join(dir, filepath.Base(f.Name()))); err != nil {
			return fmt.Errorf("show the agent its files: %w", err)
		}
	}
	return nil
}

// bulk writes about size bytes as fast as it can, in pieces that go to the
// files in turn. Lines are spaced as if they had been written at 10,000 a
// second.
func (w *lineWriter) bulk(size int64) error {
	const piece = 256 << 10
	if w.base.IsZero() { // some minutes ago: CloudWatch takes neither old nor future events
		w.base = time.Now().Add(-10 * time.Minute).Truncate(time.Second)
	}
	for turn := 0; size > 0; turn++ {
		w.buf = w.buf[:0]
		for len(w.buf) < piece && int64(len(w.buf)) < size {
			w.buf = w.lines.Append(w.buf, w.next, w.base.Add(time.Duration(w.next)*100*time.Microsecond))
			w.buf = append(w.buf, '\n')
			w.next++
		}
		if err := w.write(w.files[turn%len(w.files)]); err != nil {
			return err
		}
		size -= int64(len(w.buf))
	}
	return nil
}

// each writes n lines to every file.
func (w *lineWriter) each(n int) error {
	for _, f := range w.files {
		w.buf = w.buf[:0]
		for range n {
			w.buf = append(w.lines.Append(w.buf, w.next, time.Now()), '\n')
			w.next++
		}
		if err := w.write(f); err != nil {
			return err
		}
	}
	return nil
}

func (w *lineWriter) write(f *os.File) error {
	n, err := f.Write(w.buf)
	w.bytes += int64(n)
	if err != nil {
		return fmt.Errorf("write lines: %w", err)
	}
	return nil
}

// atRate writes lines at a fixed rate until the time is over or ctx ends. It is
// an open loop: it does not wait for anybody, and what it could not write in
// time it writes as soon as it can. Each write() holds as many lines as one
// call is meant to (1 is an unbuffered logger) and each line carries the time
// just before it.
func (w *lineWriter) atRate(ctx context.Context, rate, perWrite int, total time.Duration) error {
	const step = time.Millisecond
	start := time.Now()
	tick := time.NewTicker(step)
	defer tick.Stop()
	for written := 0; ; {
		elapsed := min(time.Since(start), total)
		due := int(int64(rate) * int64(elapsed) / int64(time.Second))
		if late := time.Duration(due-written) * time.Second / time.Duration(rate); written > 0 && late > w.late {
			w.late = late
		}
		for written < due {
			n := min(perWrite, due-written)
			now := time.Now()
			w.buf = w.buf[:0]
			for range n {
				w.buf = append(w.lines.Append(w.buf, w.next, now), '\n')
				w.next++
			}
			if err := w.write(w.files[int(w.next)%len(w.files)]); err != nil {
				return err
			}
			written += n
		}
		if elapsed == total {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
