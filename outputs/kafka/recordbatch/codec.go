package recordbatch

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codec is how the records of a batch are compressed, by Kafka's numbers.
type Codec int8

// The codecs.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

// codecNames are in the order of the numbers; never written.
var codecNames = []string{"none", "gzip", "snappy", "lz4", "zstd"}

func (c Codec) String() string {
	if c < 0 || int(c) >= len(codecNames) {
		return fmt.Sprintf("Codec(%d)", int8(c))
	}
	return codecNames[c]
}

// ParseCodec returns the codec of a name.
func ParseCodec(name string) (Codec, bool) {
	at := slices.Index(codecNames, name)
	return Codec(max(at, 0)), at >= 0
}

// Compressor compresses with one codec. It belongs to one goroutine and keeps
// its memory.
type Compressor struct {
	codec Codec
	zstd  *zstd.Encoder
	into  sink
	gzip  *gzip.Writer
	lz4   *lz4.Writer
}

// NewCompressor returns a compressor at each codec's fastest level.
func NewCompressor(codec Codec) (*Compressor, error) {
	c := &Compressor{codec: codec}
	var err error
	switch codec {
	case None, Snappy:
	case Gzip:
		c.gzip, err = gzip.NewWriterLevel(&c.into, gzip.BestSpeed)
	case LZ4:
		// Blocks as small as the Java client's: consumers allocate one.
		c.lz4 = lz4.NewWriter(&c.into)
		err = c.lz4.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.ConcurrencyOption(1))
	case Zstd:
		// The batch has a checksum of its own.
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
	default:
		return nil, fmt.Errorf("make a compressor: unknown codec %v", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("make a compressor for %v: %w", codec, err)
	}
	return c, nil
}

// Append appends raw compressed to dst.
func (c *Compressor) Append(dst, raw []byte) ([]byte, error) {
	switch c.codec {
	case Gzip:
		c.into.dst = dst
		c.gzip.Reset(&c.into)
		return c.write(c.gzip, raw)
	case Snappy:
		return appendSnappy(dst, raw), nil
	case LZ4:
		c.into.dst = dst
		c.lz4.Reset(&c.into)
		return c.write(c.lz4, raw)
	case Zstd:
		return c.zstd.EncodeAll(raw, dst), nil
	}
	return append(dst, raw...), nil
}

func (c *Compressor) write(w io.WriteCloser, raw []byte) ([]byte, error) {
	if _, err := w.Write(raw); err != nil {
		return nil, fmt.Errorf("compress records: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress records: %w", err)
	}
	dst := c.into.dst
	c.into.dst = nil
	return dst, nil
}

// sink appends what is written to it.
type sink struct{ dst []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.dst = append(s.dst, p...)
	return len(p), nil
}

// Snappy stands in a frame that snappy-java made up: a head of 16 bytes, and
// then blocks with their sizes before them.
var snappyHead = []byte("\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01") // never written

const snappyBlock = 64 << 10

func appendSnappy(dst, raw []byte) []byte {
	dst = append(dst, snappyHead...)
	for len(raw) > 0 {
		n := min(len(raw), snappyBlock)
		at := len(dst)
		dst = slices.Grow(dst, 4+s2.MaxEncodedLen(n))
		block := s2.EncodeSnappy(dst[at+4:at+4+s2.MaxEncodedLen(n)], raw[:n])
		dst = dst[:at+4+len(block)]
		binary.BigEndian.PutUint32(dst[at:], uint32(len(block)))
		raw = raw[n:]
	}
	return dst
}
