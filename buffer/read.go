package buffer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"syscall"

	"github.com/renthub/sluice/internal/fsx"
)

// segmentReader walks the records of a segment. It trusts nothing it reads.
type segmentReader struct {
	f    fsx.File
	salt uint64
	off  int64 // of the next record
	end  int64 // nothing at or beyond it exists

	head   [recordHeaderSize]byte // what stands at headAt
	headAt int64                  // -1 if head is not read
	keep   bool                   // payloads are the caller's to keep; else they share one buffer
	buf    []byte
	err    error // a read that failed for another reason than damage: nothing more can be said
}

func newSegmentReader(f fsx.File, salt uint64, off, end int64) *segmentReader {
	return &segmentReader{f: f, salt: salt, off: off, end: end, headAt: -1}
}

// read is readTolerant, which notes its error.
func (r *segmentReader) read(buf []byte, off int64) int {
	n, err := readTolerant(r.f, buf, off)
	if err != nil {
		r.err = err
	}
	return n
}

// header reads the header at the current offset; false if there is no valid one.
func (r *segmentReader) header() (recordHeader, bool) {
	if r.off+recordHeaderSize > r.end {
		return recordHeader{}, false
	}
	if r.headAt != r.off {
		n := r.read(r.head[:], r.off)
		clear(r.head[n:])
		r.headAt = r.off
	}
	h, err := decodeRecordHeader(r.head[:], r.salt)
	return h, err == nil
}

// skip moves behind the record whose header was read.
func (r *segmentReader) skip(h *recordHeader) { r.off = min(r.off+h.size(), r.end) }

// payload reads the payload of the record whose header was read, and in the same read the header behind it,
// and moves there. It is short if the file is.
func (r *segmentReader) payload(h *recordHeader) []byte {
	at := r.off + recordHeaderSize
	next := r.off + h.size()
	want := min(next+recordHeaderSize, r.end) - at
	buf := r.buf
	if r.keep || int64(cap(buf)) < want {
		buf = make([]byte, want)
	}
	buf = buf[:want]
	if !r.keep {
		r.buf = buf
	}
	n := int64(r.read(buf, at))
	buf = buf[:n]
	r.skip(h)
	if tail := next - at; n >= tail+recordHeaderSize {
		copy(r.head[:], buf[tail:])
		r.headAt = next
	}
	return buf[:min(n, h.payload())]
}

const searchChunk = 1 << 20

// resync moves to the next valid header behind the current offset; false if there is none. Only what has the
// segment's salt can be one, and that no log line can know.
func (r *segmentReader) resync() bool {
	var salt [8]byte
	binary.LittleEndian.PutUint64(salt[:], r.salt)
	buf := make([]byte, min(searchChunk+recordHeaderSize, max(r.end-r.off, 0)))
	for from := alignUp(r.off + 1); from < r.end; from += searchChunk {
		b := buf[:min(int64(len(buf)), r.end-from)]
		b = b[:r.read(b, from)]
		for at := 0; ; at++ {
			i := bytes.Index(b[at:], salt[:])
			if i < 0 {
				break
			}
			at += i
			start := at - 8
			if start < 0 || start%alignment != 0 || start >= searchChunk {
				continue
			}
			if _, err := decodeRecordHeader(b[start:], r.salt); err == nil {
				r.off = from + int64(start)
				return true
			}
		}
	}
	r.off = r.end
	return false
}

const tolerantStep = 4096

// readTolerant reads what it can at off and returns how far the file goes. What the medium cannot read is zeros: it
// is damaged like any other bytes that fail their checksum. Other errors say nothing of the data and are returned.
func readTolerant(f fsx.File, buf []byte, off int64) (int, error) {
	n, err := f.ReadAt(buf, off)
	if err == nil || errors.Is(err, io.EOF) {
		return n, nil
	}
	for at := 0; at < len(buf); at += tolerantStep {
		step := buf[at:min(at+tolerantStep, len(buf))]
		n, err := f.ReadAt(step, off+int64(at))
		switch {
		case errors.Is(err, io.EOF):
			return at + n, nil
		case isMediaError(err):
			clear(step)
		case err != nil:
			return 0, fmt.Errorf("read log: %w", err)
		}
	}
	return len(buf), nil
}

// isMediaError reports whether an error means that the data cannot be read, now or later. Windows has many of them.
func isMediaError(err error) bool {
	return errors.Is(err, syscall.EIO) || err != nil && runtime.GOOS == "windows"
}
