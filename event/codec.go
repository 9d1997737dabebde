package event

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// Codec is how the body of a block is compressed.
type Codec uint8

// The codecs. Their numbers are part of the format.
const (
	Deflate Codec = 1 // a Piece, for blocks that are wrapped for a gzip body
	Zstd    Codec = 2 // one frame, for blocks that are not
)

// MaxInflated caps what a block may inflate to: a block's cap or one larger
// document.
const MaxInflated = 128 << 20

// maxWindow bounds what a zstd frame may ask of the decoder.
const maxWindow = 8 << 20

// Compressor compresses bodies. It belongs to one goroutine.
type Compressor struct {
	fw  *flate.Writer
	zw  *zstd.Encoder
	out sink
}

// sink is an io.Writer that appends.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

// Append compresses raw and appends it to dst.
func (c *Compressor) Append(dst []byte, codec Codec, raw []byte) ([]byte, error) {
	if codec == Zstd {
		return c.zstd(dst, raw)
	}
	c.out.b = dst
	if c.fw == nil {
		fw, err := flate.NewWriter(&c.out, flate.BestSpeed)
		if err != nil {
			return dst, fmt.Errorf("make deflate writer: %w", err)
		}
		c.fw = fw
	} else {
		c.fw.Reset(&c.out)
	}
	if _, err := c.fw.Write(raw); err != nil {
		return dst, fmt.Errorf("deflate: %w", err)
	}
	if err := c.fw.Flush(); err != nil {
		return dst, fmt.Errorf("deflate: %w", err)
	}
	dst, c.out.b = c.out.b, nil
	return dst, nil
}

func (c *Compressor) zstd(dst, raw []byte) ([]byte, error) {
	if c.zw == nil {
		zw, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(512<<10))
		if err != nil {
			return dst, fmt.Errorf("make zstd encoder: %w", err)
		}
		c.zw = zw
	}
	return c.zw.EncodeAll(raw, dst), nil
}

// Inflater inflates bodies. It belongs to one goroutine.
type Inflater struct {
	fr io.ReadCloser
	zr *zstd.Decoder
	in bytes.Reader
}

// Append inflates a body of size raw bytes, appends them to dst and checks
// them against crc.
func (f *Inflater) Append(dst []byte, codec Codec, body []byte, size int, crc uint32) ([]byte, error) {
	if size < 0 || size > MaxInflated {
		return dst, fmt.Errorf("inflate: raw size %d is out of bounds", size)
	}
	n := len(dst)
	dst, err := f.append(dst, codec, body, size)
	if err != nil {
		return dst[:n], err
	}
	if got := crc32.ChecksumIEEE(dst[n:]); got != crc {
		return dst[:n], fmt.Errorf("inflate: checksum %08x, want %08x", got, crc)
	}
	return dst, nil
}

func (f *Inflater) append(dst []byte, codec Codec, body []byte, size int) ([]byte, error) {
	n := len(dst)
	switch codec {
	case Deflate:
		f.in.Reset(body)
		if f.fr == nil {
			f.fr = flate.NewReader(&f.in)
		} else if err := f.fr.(flate.Resetter).Reset(&f.in, nil); err != nil {
			return dst, fmt.Errorf("inflate: %w", err)
		}
		dst = append(dst, make([]byte, size)...)
		if _, err := io.ReadFull(f.fr, dst[n:]); err != nil {
			return dst, fmt.Errorf("inflate: %w", err)
		}
		return dst, nil
	case Zstd:
		if f.zr == nil {
			zr, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(MaxInflated))
			if err != nil {
				return dst, fmt.Errorf("make zstd decoder: %w", err)
			}
			f.zr = zr
		}
		dst, err := f.zr.DecodeAll(body, dst)
		if err == nil && len(dst)-n != size {
			err = fmt.Errorf("%d raw bytes, want %d", len(dst)-n, size)
		}
		if err != nil {
			return dst, fmt.Errorf("inflate: %w", err)
		}
		return dst, nil
	}
	return dst, fmt.Errorf("inflate: unknown codec %d", codec)
}
