package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var errTrailing = errors.New("bytes after the gzip member")

// inflater reads request bodies as the strictest server would: one gzip
// member, its checksum right, nothing behind it.
type inflater struct {
	r  gzip.Reader
	in bytes.Reader
	// br stands between them: gzip reads ahead unless its source can give back
	// single bytes, and then what follows the member could not be seen.
	br  *bufio.Reader
	out bytes.Buffer

	zstd  *zstd.Decoder // made when one is needed
	plain []byte
}

// inflate returns the bytes in body. They are valid until the next call.
func (f *inflater) inflate(body []byte) ([]byte, error) {
	f.in.Reset(body)
	if f.br == nil {
		f.br = bufio.NewReaderSize(&f.in, 64<<10)
	} else {
		f.br.Reset(&f.in)
	}
	if err := f.r.Reset(f.br); err != nil {
		return nil, fmt.Errorf("read gzip header: %w", err)
	}
	f.r.Multistream(false)
	f.out.Reset()
	if _, err := f.out.ReadFrom(&f.r); err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	if _, err := f.br.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return f.out.Bytes(), nil
}
