package bench

import (
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
)

// gzipUnit measures the CPU time of compressing raw request bytes alone: gzip
// level 1, one writer, reset for each MiB.
type gzipUnit struct {
	w    *gzip.Writer
	fill []byte // less than a MiB that waits
	// The sums.
	cpu time.Duration
	raw int64 // bytes compressed
	out countingWriter
}

const gzipChunk = 1 << 20

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}

func newGzipUnit() (*gzipUnit, error) {
	w, err := gzip.NewWriterLevel(io.Discard, 1)
	if err != nil {
		return nil, err
	}
	return &gzipUnit{w: w, fill: make([]byte, 0, gzipChunk)}, nil
}

// add takes raw bytes and compresses what makes whole MiBs. The caller has
// locked its goroutine to its thread.
func (g *gzipUnit) add(raw []byte) error {
	for len(raw) > 0 {
		n := min(gzipChunk-len(g.fill), len(raw))
		g.fill = append(g.fill, raw[:n]...)
		raw = raw[n:]
		if len(g.fill) == gzipChunk {
			if err := g.compress(); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish compresses the rest.
func (g *gzipUnit) finish() error {
	if len(g.fill) == 0 {
		return nil
	}
	return g.compress()
}

func (g *gzipUnit) compress() error {
	before := threadCPU()
	g.w.Reset(&g.out)
	if _, err := g.w.Write(g.fill); err != nil {
		return err
	}
	if err := g.w.Close(); err != nil {
		return err
	}
	g.cpu += threadCPU() - before
	g.raw += int64(len(g.fill))
	g.fill = g.fill[:0]
	return nil
}
