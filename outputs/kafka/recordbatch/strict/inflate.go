package strict

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxInflated bounds what a batch may become.
const maxInflated = 64 << 20

var errLong = errors.New("the records are too long")

func inflate(codec int, b []byte) ([]byte, error) {
	switch codec {
	case 0:
		return b, nil
	case 1:
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		return readAll(r)
	case 2:
		return unsnappy(b)
	case 3:
		return readAll(lz4.NewReader(bytes.NewReader(b)))
	case 4:
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxInflated))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return r.DecodeAll(b, nil)
	}
	return nil, fmt.Errorf("codec %d", codec)
}

func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if err == nil && len(raw) > maxInflated {
		err = errLong
	}
	return raw, err
}

// unsnappy reads snappy-java's frame.
func unsnappy(b []byte) ([]byte, error) {
	head := []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}
	if !bytes.HasPrefix(b, head) {
		return nil, errors.New("no head of snappy-java")
	}
	var raw []byte
	for b = b[len(head):]; len(b) > 0; {
		if len(b) < 4 {
			return nil, io.ErrUnexpectedEOF
		}
		n := int64(binary.BigEndian.Uint32(b))
		if b = b[4:]; n > int64(len(b)) {
			return nil, io.ErrUnexpectedEOF
		}
		size, err := snappy.DecodedLen(b[:n])
		if err != nil {
			return nil, err
		}
		if size+len(raw) > maxInflated {
			return nil, errLong
		}
		block, err := snappy.Decode(nil, b[:n])
		if err != nil {
			return nil, err
		}
		raw = append(raw, block...)
		b = b[n:]
	}
	return raw, nil
}
