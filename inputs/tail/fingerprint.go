package tail

import (
	"io"

	"github.com/cespare/xxhash/v2"
)

// The sizes of what is hashed to know a file again.
const (
	headSize   = 1024 // at most so many first bytes
	anchorSize = 256  // at most so many bytes before the position
)

// print is the hash of a few bytes of a file.
type fingerprint struct {
	size int32
	hash uint64
}

func fingerprintOf(data []byte) fingerprint {
	if len(data) == 0 {
		return fingerprint{}
	}
	return fingerprint{int32(len(data)), xxhash.Sum64(data)}
}

// marks tell whether a file's content is still that which was read up to a position: the hash of its first bytes, which
// grows with the position until it covers headSize, and that of the last ones before it.
type marks struct{ head, anchor fingerprint }

// lookback is how many bytes before position end a read begins, so that it can check and renew the marks.
func lookback(end int64) int {
	if end <= headSize {
		return int(end)
	}
	return anchorSize
}

// hold reports whether the bytes before position end, as lookback asks for, are those of the marks.
func (m marks) hold(before []byte) bool {
	if len(before) <= headSize && int(m.head.size) == len(before) {
		return fingerprintOf(before) == m.head
	}
	return fingerprintOf(before[len(before)-int(m.anchor.size):]) == m.anchor
}

// moved returns the marks for a position further on. Window holds the bytes of the source from lookback(old position) up
// to the new one, which is end.
func (m marks) moved(window []byte, end int64) marks {
	if start := end - int64(len(window)); start == 0 && m.head.size < headSize {
		m.head = fingerprintOf(window[:min(headSize, len(window))])
	}
	m.anchor = fingerprintOf(window[len(window)-min(anchorSize, len(window)):])
	return m
}

// marksAt reads the marks for position end.
func marksAt(content io.ReaderAt, end int64) (marks, error) {
	var buf [headSize]byte
	head, anchor := buf[:min(headSize, end)], int64(min(anchorSize, end))
	if err := readFull(content, head, 0); err != nil {
		return marks{}, err
	}
	m := marks{head: fingerprintOf(head)}
	if err := readFull(content, buf[:anchor], end-anchor); err != nil {
		return marks{}, err
	}
	m.anchor = fingerprintOf(buf[:anchor])
	return m, nil
}

// match reports whether content begins with what was read up to position end. A shorter one does not.
func (m marks) match(content io.ReaderAt, end int64) (bool, error) {
	got, err := marksAt(content, end)
	if err == io.ErrUnexpectedEOF {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return got == m, nil
}

// readFull fills buf from offset off, or returns io.ErrUnexpectedEOF.
func readFull(content io.ReaderAt, buf []byte, off int64) error {
	n, err := content.ReadAt(buf, off)
	if n == len(buf) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
