package httpsend

import (
	"errors"
	"io"
	"sync"
)

// errReleased is what a transport reads that is still busy with a body whose
// owner has gone on.
var errReleased = errors.New("request body was released")

// Body is a request body made of parts that are sent in order and not copied.
//
// A transport may go on reading a body after it has returned (an early answer,
// a cancelled context), but the parts belong to the caller, who will use their
// memory again. So the caller must call Release before it lets go of them.
type Body struct {
	size int64

	mu    sync.Mutex
	parts [][]byte // guarded by mu; nil once released
	part  int      // guarded by mu; the part being read
	off   int      // guarded by mu; where in it
	gone  bool     // guarded by mu
}

// NewBody returns a body of the given parts.
func NewBody(parts [][]byte) *Body {
	b := &Body{parts: parts}
	for _, p := range parts {
		b.size += int64(len(p))
	}
	return b
}

// Size is the sum of the parts' lengths, the Content-Length.
func (b *Body) Size() int64 { return b.size }

// Read implements io.Reader. The lock is held for one copy in memory.
func (b *Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return 0, errReleased
	}
	n := 0
	for n < len(p) && b.part < len(b.parts) {
		k := copy(p[n:], b.parts[b.part][b.off:])
		n += k
		b.off += k
		if b.off == len(b.parts[b.part]) {
			b.part, b.off = b.part+1, 0
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close implements io.Closer. It leaves the body readable for Rewind.
func (b *Body) Close() error { return nil }

// Rewind returns a body that begins again, for a connection that was closed
// before a byte of the request was written to it. Both are released together.
func (b *Body) Rewind() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return nil, errReleased
	}
	b.part, b.off = 0, 0
	return b, nil
}

// Release waits for a Read in progress and makes all later ones fail. After
// it nothing reads the parts.
func (b *Body) Release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone, b.parts = true, nil
}
