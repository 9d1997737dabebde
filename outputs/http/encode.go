package http

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/renthub/sluice/event"
)

// maxKept is the largest buffer whose memory is kept for the next request.
const maxKept = 8 << 20

// encoders make request bodies on the general path. They are safe for
// concurrent use.
type encoders struct {
	format, compression string
	pool                sync.Pool // *encoder
}

// encoder makes a body, in the same memory again and again.
type encoder struct {
	raw    []byte
	packed bytes.Buffer
	gzip   *gzip.Writer
	zstd   *zstd.Encoder
}

func (s *encoders) get() *encoder {
	if e, ok := s.pool.Get().(*encoder); ok {
		return e
	}
	return &encoder{}
}

// put takes an encoder back. Its last body must not be read any more.
func (s *encoders) put(e *encoder) {
	if cap(e.raw) <= maxKept && e.packed.Cap() <= maxKept {
		s.pool.Put(e)
	}
}

// body returns the body for docs, which is valid until the next one.
func (s *encoders) body(e *encoder, docs []event.Doc) ([]byte, error) {
	e.raw = e.raw[:0]
	if s.format == formatArray {
		e.raw = appendArray(e.raw, docs)
	} else {
		for i := range docs {
			e.raw = appendLine(e.raw, docs[i].JSON)
		}
	}
	switch s.compression {
	case compressionGzip:
		return e.gzipped()
	case compressionZstd:
		return e.zstded()
	}
	return e.raw, nil
}

func appendArray(dst []byte, docs []event.Doc) []byte {
	dst = append(dst, '[')
	for i := range docs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, docs[i].JSON...)
	}
	return append(dst, ']')
}

func (e *encoder) gzipped() ([]byte, error) {
	if e.gzip == nil {
		w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			return nil, fmt.Errorf("make a compressor: %w", err)
		}
		e.gzip = w
	}
	e.packed.Reset()
	e.gzip.Reset(&e.packed)
	if _, err := e.gzip.Write(e.raw); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := e.gzip.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return e.packed.Bytes(), nil
}

func (e *encoder) zstded() ([]byte, error) {
	if e.zstd == nil {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, fmt.Errorf("make a compressor: %w", err)
		}
		e.zstd = w
	}
	e.packed.Reset()
	b := e.zstd.EncodeAll(e.raw, e.packed.AvailableBuffer())
	e.packed = *bytes.NewBuffer(b) // keeps the memory
	return b, nil
}
