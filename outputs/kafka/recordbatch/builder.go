package recordbatch

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
)

// Places of a batch's fields.
const (
	atLength     = 8
	atEpoch      = 12
	atMagic      = 16
	atCRC        = 17
	atAttributes = 21
	atLastOffset = 23
	atBaseTime   = 27
	atMaxTime    = 35
	atProducer   = 43
	atCount      = 57

	// HeadSize is the size of a batch without its records.
	HeadSize = 61
)

const magic = 2

// castagnoli is read only.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is a header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Record is one record of a batch.
type Record struct {
	Key     []byte // nil has none
	Value   []byte
	Headers []Header
}

// Builder collects records for one batch. It belongs to one goroutine and
// keeps its memory from batch to batch.
type Builder struct {
	records []byte
	count   int
}

// Reset begins a new batch.
func (b *Builder) Reset() { b.records, b.count = b.records[:0], 0 }

// Len is the number of records; Size their bytes before compression.
func (b *Builder) Len() int  { return b.count }
func (b *Builder) Size() int { return len(b.records) }

// Add copies r into the batch.
func (b *Builder) Add(r *Record) {
	size := 1 + 1 + varintSize(b.count) + varintSize(len(r.Headers)) // attributes, time, offset, headers
	size += varintSize(len(r.Value)) + len(r.Value)
	if r.Key == nil {
		size += varintSize(-1)
	} else {
		size += varintSize(len(r.Key)) + len(r.Key)
	}
	for i := range r.Headers {
		h := &r.Headers[i]
		size += varintSize(len(h.Key)) + len(h.Key) + varintSize(len(h.Value)) + len(h.Value)
	}
	dst := appendVarint(b.records, size)
	dst = append(dst, 0, 0) // no attributes; the batch's own time
	dst = appendVarint(dst, b.count)
	if r.Key == nil {
		dst = appendVarint(dst, -1)
	} else {
		dst = append(appendVarint(dst, len(r.Key)), r.Key...)
	}
	dst = append(appendVarint(dst, len(r.Value)), r.Value...)
	dst = appendVarint(dst, len(r.Headers))
	for i := range r.Headers {
		h := &r.Headers[i]
		dst = append(appendVarint(dst, len(h.Key)), h.Key...)
		dst = append(appendVarint(dst, len(h.Value)), h.Value...)
	}
	b.records = dst
	b.count++
}

var errLong = errors.New("a record batch must have 1 to 2^31 records and bytes")

// Append appends the batch of all records added, with one time for all of them
// in milliseconds since 1970. It has no producer id until it is stamped.
func (b *Builder) Append(dst []byte, c *Compressor, millis int64) ([]byte, error) {
	if b.count == 0 || b.count > math.MaxInt32 || len(b.records) > math.MaxInt32/2 {
		return dst, errLong
	}
	start := len(dst)
	dst = append(dst, make([]byte, HeadSize)...)
	dst, err := c.Append(dst, b.records)
	if err != nil {
		return dst[:start], err
	}
	batch := dst[start:]
	binary.BigEndian.PutUint32(batch[atLength:], uint32(len(batch)-atEpoch))
	binary.BigEndian.PutUint32(batch[atEpoch:], math.MaxUint32)
	batch[atMagic] = magic
	binary.BigEndian.PutUint16(batch[atAttributes:], uint16(c.codec))
	binary.BigEndian.PutUint32(batch[atLastOffset:], uint32(b.count-1))
	binary.BigEndian.PutUint64(batch[atBaseTime:], uint64(millis))
	binary.BigEndian.PutUint64(batch[atMaxTime:], uint64(millis))
	binary.BigEndian.PutUint32(batch[atCount:], uint32(b.count))
	Stamp(batch, NoProducer, -1)
	return dst, nil
}

// Producer is who sends a batch, as the broker numbers producers.
type Producer struct {
	ID    int64
	Epoch int16
}

// NoProducer stands in batches that are not idempotent.
var NoProducer = Producer{ID: -1, Epoch: -1} // never written

// Stamp writes the producer and the sequence of the first record into a batch,
// and its checksum. The compressed records stay as they are.
func Stamp(batch []byte, p Producer, sequence int32) {
	at := batch[atProducer:]
	binary.BigEndian.PutUint64(at, uint64(p.ID))
	binary.BigEndian.PutUint16(at[8:], uint16(p.Epoch))
	binary.BigEndian.PutUint32(at[10:], uint32(sequence))
	binary.BigEndian.PutUint32(batch[atCRC:], crc32.Checksum(batch[atAttributes:], castagnoli))
}

// NextSequence is the sequence after count records from sequence on. It wraps
// to 0 after 2^31-1, as brokers count.
func NextSequence(sequence int32, count int) int32 {
	return int32((int64(sequence) + int64(count)) & math.MaxInt32)
}

func zigzag(n int) uint64 { return uint64(n<<1) ^ uint64(n>>63) }

func appendVarint(dst []byte, n int) []byte {
	if u := zigzag(n); u < 0x80 { // most of them
		return append(dst, byte(u))
	}
	return binary.AppendVarint(dst, int64(n))
}

func varintSize(n int) int {
	size := 1
	for u := zigzag(n); u >= 0x80; u >>= 7 {
		size++
	}
	return size
}
