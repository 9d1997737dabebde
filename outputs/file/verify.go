package file

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// wholePrefix returns the length of the row of whole gzip members that a file
// of size bytes begins with. Frames are stepped over by their lengths; members
// without one, and the last frame, are inflated. If all is set, as it must be
// where frames were not synced one by one, every frame is inflated.
func wholePrefix(r io.ReaderAt, size int64, all bool) (int64, error) {
	var at int64
	header := make([]byte, headerSize)
	for at < size {
		n, err := r.ReadAt(header, at)
		if err != nil && err != io.EOF {
			return 0, fmt.Errorf("read a frame's header: %w", err)
		}
		length, ours := frameLength(header[:n])
		switch {
		case !ours:
			length, ours = memberEnd(io.NewSectionReader(r, at, size-at))
			if !ours {
				return at, nil
			}
		case length < headerSize || length > size-at || (all || length == size-at) && !wholeFrame(r, at, length):
			return at, nil
		}
		at += length
	}
	return at, nil
}

// memberEnd inflates the gzip member that r begins with and returns where it
// ends, or false if it is torn or none.
func memberEnd(r io.Reader) (int64, bool) {
	c := &counted{r: bufio.NewReaderSize(r, 64<<10)}
	gz, err := gzip.NewReader(c)
	if err != nil {
		return 0, false
	}
	gz.Multistream(false)
	if _, err := io.Copy(io.Discard, gz); err != nil {
		return 0, false
	}
	return c.n, true
}

// counted counts what is taken of r. As it can be read by the byte, inflating
// takes no more than the member.
type counted struct {
	r *bufio.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// frameBehind reports whether a whole frame begins somewhere behind offset at.
// If so, what stands at that offset is damaged, not torn.
func frameBehind(r io.ReaderAt, at, size int64) (bool, error) {
	buf := make([]byte, 64<<10)
	for at++; at < size; {
		n, err := r.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return false, fmt.Errorf("look for frames: %w", err)
		}
		if n < headerSize {
			return false, nil
		}
		i := bytes.Index(buf[:n], []byte("\x1f\x8b\x08\x04"))
		if i < 0 {
			at += int64(n - headerSize + 1)
			continue
		}
		length, ours := frameLength(buf[i:n])
		if ours && length >= headerSize && length <= size-at-int64(i) && wholeFrame(r, at+int64(i), length) {
			return true, nil
		}
		if i > 0 && n-i < headerSize && at+int64(n) < size {
			at += int64(i) // its header lies across the buffer's end
			continue
		}
		at += int64(i) + 1
	}
	return false, nil
}
