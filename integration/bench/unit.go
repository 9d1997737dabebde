package bench

import (
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// unit measures the CPU time of compressing raw request bytes alone, in pieces
// of a MiB.
type unit struct {
	by   compressor
	fill []byte // less than a MiB that waits
	// The sums.
	cpu time.Duration
	raw int64 // bytes compressed
	out int64
}

// compressor compresses one piece and returns how long the result is.
type compressor interface {
	compress(raw []byte) (int, error)
}

const unitChunk = 1 << 20

func newUnit(by compressor) *unit {
	return &unit{by: by, fill: make([]byte, 0, unitChunk)}
}

// add takes raw bytes and compresses what makes whole MiBs. The caller has
// locked its goroutine to its thread.
func (u *unit) add(raw []byte) error {
	for len(raw) > 0 {
		n := min(unitChunk-len(u.fill), len(raw))
		u.fill = append(u.fill, raw[:n]...)
		raw = raw[n:]
		if len(u.fill) == unitChunk {
			if err := u.finish(); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish compresses the rest.
func (u *unit) finish() error {
	if len(u.fill) == 0 {
		return nil
	}
	before := threadCPU()
	n, err := u.by.compress(u.fill)
	if err != nil {
		return err
	}
	u.cpu += threadCPU() - before
	u.raw += int64(len(u.fill))
	u.out += int64(n)
	u.fill = u.fill[:0]
	return nil
}

// gzipper is gzip level 1, one writer, reset for each piece.
type gzipper struct {
	w   *gzip.Writer
	out countingWriter
}

type countingWriter int

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}

func newGzipper() (compressor, error) {
	w, err := gzip.NewWriterLevel(io.Discard, 1)
	return &gzipper{w: w}, err
}

func (g *gzipper) compress(raw []byte) (int, error) {
	g.out = 0
	g.w.Reset(&g.out)
	if _, err := g.w.Write(raw); err != nil {
		return 0, err
	}
	err := g.w.Close()
	return int(g.out), err
}

// zstder is zstd at its fastest level, one encoder.
type zstder struct {
	w   *zstd.Encoder
	out []byte
}

func newZstder() (compressor, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	return &zstder{w: w}, err
}

func (z *zstder) compress(raw []byte) (int, error) {
	z.out = z.w.EncodeAll(raw, z.out[:0])
	return len(z.out), nil
}
