package file

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// A frame is a gzip member (RFC 1952) of ours. Its header is 20 bytes: ten that
// every gzip file has, then an extra field of 8 bytes, which readers pass over:
// the subfield id "SL", the subfield's length 4, and the length of the whole
// member, all numbers little-endian.
//
//	1f 8b 08 04  mtime(4)  xfl  os  08 00  'S' 'L' 04 00  length(4)
const (
	headerSize = 20
	lengthAt   = 16
)

// frame is a gzip member in memory, used again and again.
type frame struct {
	gz   *gzip.Writer
	buf  frameBuffer
	line []byte // scratch
}

type frameBuffer struct{ b []byte }

func (f *frameBuffer) Write(p []byte) (int, error) {
	f.b = append(f.b, p...)
	return len(p), nil
}

func newFrame() *frame {
	gz, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return &frame{gz: gz}
}

// begin starts a new frame. The one before is gone.
func (f *frame) begin() {
	if cap(f.buf.b) > maxKept {
		f.buf.b = nil
	}
	f.buf.b = f.buf.b[:0]
	f.gz.Reset(&f.buf)
	f.gz.Extra = []byte{'S', 'L', 4, 0, 0, 0, 0, 0}
}

// add adds a document as one line. A line end can only stand between its
// tokens, and becomes a blank.
func (f *frame) add(doc []byte) error {
	if cap(f.line) > maxKept {
		f.line = nil
	}
	f.line = append(append(f.line[:0], doc...), '\n')
	for rest := f.line[:len(doc)]; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		rest[i] = ' '
		rest = rest[i+1:]
	}
	if _, err := f.gz.Write(f.line); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	return nil
}

// end completes the frame and returns its bytes, which are valid until begin.
func (f *frame) end() ([]byte, error) {
	if err := f.gz.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	b := f.buf.b
	if n, ok := frameLength(b); !ok || n != 0 {
		return nil, fmt.Errorf("compress: unexpected gzip header % x", b[:min(len(b), headerSize)])
	}
	binary.LittleEndian.PutUint32(b[lengthAt:], uint32(len(b)))
	return b, nil
}

// frameLength reads the length that the frame at the start of b declares, and
// whether b begins with the header of a frame.
func frameLength(b []byte) (int64, bool) {
	if len(b) < headerSize || string(b[:4]) != "\x1f\x8b\x08\x04" || string(b[10:lengthAt]) != "\x08\x00SL\x04\x00" {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint32(b[lengthAt:])), true
}

// wholeFrame reports whether the n bytes at offset at are one gzip member with
// the checksum that it declares.
func wholeFrame(r io.ReaderAt, at, n int64) bool {
	end, ok := memberEnd(io.NewSectionReader(r, at, n))
	return ok && end == n
}
