package essim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
)

var (
	errTooLarge = errors.New("request is too large")
	errMembers  = errors.New("bytes follow the gzip member")
)

// inflater keeps the memory of one request's decoding for the next.
type inflater struct {
	in  *bufio.Reader
	gz  *gzip.Reader
	raw bytes.Buffer
	out []byte // the answer
}

type inflaters struct{ free sync.Pool }

func (p *inflaters) get() *inflater {
	if f, ok := p.free.Get().(*inflater); ok {
		return f
	}
	return &inflater{in: bufio.NewReaderSize(nil, 64<<10), gz: new(gzip.Reader)}
}

func (p *inflaters) put(f *inflater) { p.free.Put(f) }

// body reads a request's body. If it is gzip, it must be one member, whole,
// with a right checksum and nothing behind it: servers have read no further
// than the first.
func (f *inflater) body(r *http.Request, limit int) ([]byte, error) {
	f.in.Reset(r.Body)
	f.raw.Reset()
	var src io.Reader = f.in
	encoding := r.Header.Get("Content-Encoding")
	switch encoding {
	case "":
	case "gzip":
		if err := f.gz.Reset(f.in); err != nil {
			return nil, fmt.Errorf("read gzip header: %w", err)
		}
		f.gz.Multistream(false)
		src = f.gz
	default:
		return nil, fmt.Errorf("content encoding %q is not supported", encoding)
	}
	n, err := f.raw.ReadFrom(io.LimitReader(src, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if n > int64(limit) {
		return nil, errTooLarge
	}
	if encoding == "gzip" {
		if _, err := f.in.ReadByte(); err != io.EOF {
			return nil, errMembers
		}
	}
	return f.raw.Bytes(), nil
}
