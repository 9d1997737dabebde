package cloudwatch

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// errReleased is what a transport reads that is still busy with a body whose
// memory is used again.
var errReleased = errors.New("request body was released")

// payload is the body of a call. The SDK reads it to sign it, rewinds it and
// gives it to the transport, which may go on reading after it has returned (an
// early answer, a cancelled context): so it must be released before its memory
// is used again. The SDK does so for the body that it gives, not for one that
// the transport has rewound.
type payload struct {
	size int64

	mu   sync.Mutex
	read *bytes.Reader // guarded by mu; nil once released
}

func newPayload(body []byte) *payload {
	return &payload{size: int64(len(body)), read: bytes.NewReader(body)}
}

// Read implements io.Reader.
func (p *payload) Read(dst []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read == nil {
		return 0, errReleased
	}
	return p.read.Read(dst)
}

// Seek implements io.Seeker.
func (p *payload) Seek(offset int64, whence int) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read == nil {
		return 0, errReleased
	}
	return p.read.Seek(offset, whence)
}

// rewound is the body from its beginning.
func (p *payload) rewound() (io.ReadCloser, error) {
	_, err := p.Seek(0, io.SeekStart)
	return io.NopCloser(p), err
}

// release waits for a Read in progress and makes all later ones fail.
func (p *payload) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = nil
}
