package tail

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// The limits of compressed files. What makes more than maxRatio of each of its bytes is a bomb, once it is larger than
// ratioFrom; logs make 5 to 100.
const (
	maxRatio  = 500
	ratioFrom = 256 << 20
)

var (
	errBomb    = errors.New("read gzip: it grows beyond any log")
	errDamaged = errors.New("read gzip: damaged")
)

// gunzip reads the content of a gzip file by offset, forwards. It keeps what the last ReadAt returned, so that the next
// one may begin within it.
type gunzip struct {
	file   io.ReaderAt
	limit  int64 // bytes of content from which on the ratio is watched
	in     *countingReader
	r      *gzip.Reader
	window []byte // content that was read last
	start  int64  // offset of window's first byte
	end    error  // what ended the content
}

// countingReader counts the compressed bytes that were used.
type countingReader struct {
	r io.ReaderAt
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.ReadAt(p, c.n)
	c.n += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func newGunzip(file io.ReaderAt) *gunzip { return &gunzip{file: file, limit: ratioFrom} }

// isGzip reports whether a file begins as gzip files do.
func isGzip(file io.ReaderAt) bool {
	var magic [2]byte
	return readFull(file, magic[:], 0) == nil && magic == [2]byte{0x1f, 0x8b}
}

// ReadAt reads content as io.ReaderAt does. Beyond io.EOF its errors are io.ErrUnexpectedEOF for a file that is not
// whole, errDamaged and errBomb.
func (g *gunzip) ReadAt(p []byte, off int64) (int, error) {
	if g.in == nil || off < g.start {
		if err := g.restart(); err != nil {
			return 0, err
		}
	}
	for g.end == nil && g.start+int64(len(g.window)) < off { // skip forwards
		g.start += int64(len(g.window))
		g.window = g.window[:0]
		g.fill(int(min(64<<10, off-g.start)))
	}
	if behind := off - g.start; behind > 0 && behind <= int64(len(g.window)) {
		g.window = g.window[:copy(g.window, g.window[behind:])]
		g.start = off
	}
	if more := len(p) - len(g.window); more > 0 && g.end == nil {
		g.fill(more)
	}
	if off > g.start {
		return 0, g.end
	}
	n := copy(p, g.window)
	if n < len(p) {
		return n, g.end
	}
	return n, nil
}

// restart begins again at the content's start.
func (g *gunzip) restart() error {
	g.in = &countingReader{r: g.file}
	g.window, g.start, g.end = g.window[:0], 0, nil
	in := bufio.NewReaderSize(g.in, 16<<10)
	var err error
	if g.r == nil {
		g.r, err = gzip.NewReader(in)
	} else {
		err = g.r.Reset(in)
	}
	if err != nil {
		g.in = nil
		return damaged(err)
	}
	return nil
}

// fill appends n bytes of content to the window.
func (g *gunzip) fill(n int) {
	at := len(g.window)
	g.window = append(g.window, make([]byte, n)...)
	filled := 0
	for filled < n && g.end == nil {
		k, err := g.r.Read(g.window[at+filled:])
		filled += k
		if err != nil {
			g.end = damaged(err)
		} else if out := g.start + int64(at+filled); out > g.limit && out > maxRatio*g.in.n {
			g.end = errBomb
		}
	}
	g.window = g.window[:at+filled]
}

func damaged(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return err
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}
