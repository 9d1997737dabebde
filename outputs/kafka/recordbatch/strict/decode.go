// Package strict reads record batches and refuses whatever a batch of ours
// must not have. It is written from the format's documentation, not from the
// builder, and is there for tests.
package strict

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unicode/utf8"
)

// Batch is a record batch as it was read.
type Batch struct {
	BaseOffset    int64
	LeaderEpoch   int32
	Codec         int
	Time, MaxTime int64
	Producer      int64
	Epoch         int16
	Sequence      int32
	Records       []Record
}

// Record is a record of a batch.
type Record struct {
	Key     []byte // nil has none
	Value   []byte
	Headers []Header
}

// Header is a header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Header returns the value of the header of that name, which must be there
// once.
func (r *Record) Header(name string) (string, error) {
	value, found := "", 0
	for _, h := range r.Headers {
		if h.Key == name {
			value = string(h.Value)
			found++
		}
	}
	if found != 1 {
		return "", fmt.Errorf("header %s is there %d times", name, found)
	}
	return value, nil
}

// Decode reads exactly one batch.
func Decode(b []byte) (*Batch, error) {
	if len(b) < 61 {
		return nil, fmt.Errorf("%d bytes are no batch", len(b))
	}
	be := binary.BigEndian
	if n := int64(int32(be.Uint32(b[8:]))); n != int64(len(b)-12) {
		return nil, fmt.Errorf("batch length %d, want %d", n, len(b)-12)
	}
	if b[16] != 2 {
		return nil, fmt.Errorf("magic %d", b[16])
	}
	if got, want := be.Uint32(b[17:]), crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)); got != want {
		return nil, fmt.Errorf("checksum %08x, want %08x", got, want)
	}
	attributes := be.Uint16(b[21:])
	if attributes > 4 {
		return nil, fmt.Errorf("attributes %#x: only a codec is expected", attributes)
	}
	batch := &Batch{
		BaseOffset: int64(be.Uint64(b)), LeaderEpoch: int32(be.Uint32(b[12:])), Codec: int(attributes),
		Time: int64(be.Uint64(b[27:])), MaxTime: int64(be.Uint64(b[35:])),
		Producer: int64(be.Uint64(b[43:])), Epoch: int16(be.Uint16(b[51:])), Sequence: int32(be.Uint32(b[53:])),
	}
	last, count := int32(be.Uint32(b[23:])), int32(be.Uint32(b[57:]))
	if count < 1 || last != count-1 {
		return nil, fmt.Errorf("%d records and a last offset delta of %d", count, last)
	}
	if (batch.Producer < 0) != (batch.Epoch < 0) || (batch.Producer < 0) != (batch.Sequence < 0) || batch.Producer < -1 {
		return nil, fmt.Errorf("producer %d, epoch %d, sequence %d", batch.Producer, batch.Epoch, batch.Sequence)
	}
	raw, err := inflate(batch.Codec, b[61:])
	if err != nil {
		return nil, fmt.Errorf("inflate records: %w", err)
	}
	d := decoder{rest: raw}
	batch.Records, err = d.records(int(count), batch.MaxTime-batch.Time)
	return batch, err
}

var errShort = errors.New("record is cut short")

type decoder struct{ rest []byte }

func (d *decoder) records(count int, latest int64) ([]Record, error) {
	var list []Record
	maxDelta := int64(0)
	for i := range count {
		size, err := d.varint()
		if err != nil || size < 0 || size > int64(len(d.rest)) {
			return nil, fmt.Errorf("record %d: size %d of %d bytes (%v)", i, size, len(d.rest), err)
		}
		inner := decoder{rest: d.rest[:size]}
		d.rest = d.rest[size:]
		r, delta, err := inner.record(i)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", i, err)
		}
		maxDelta = max(maxDelta, delta)
		list = append(list, r)
	}
	if len(d.rest) != 0 {
		return nil, fmt.Errorf("%d bytes after the last record", len(d.rest))
	}
	if maxDelta != latest {
		return nil, fmt.Errorf("the latest record is %d ms after the first, the head says %d", maxDelta, latest)
	}
	return list, nil
}

func (d *decoder) record(i int) (Record, int64, error) {
	var r Record
	if len(d.rest) == 0 || d.rest[0] != 0 {
		return r, 0, errors.New("its attributes are not 0")
	}
	d.rest = d.rest[1:]
	delta, err := d.varint()
	if err != nil || delta < 0 {
		return r, 0, fmt.Errorf("time delta %d (%v)", delta, err)
	}
	if offset, err := d.varint(); err != nil || offset != int64(i) {
		return r, 0, fmt.Errorf("offset delta %d (%v)", offset, err)
	}
	if r.Key, err = d.bytes(); err != nil {
		return r, 0, fmt.Errorf("key: %w", err)
	}
	if r.Value, err = d.bytes(); err != nil {
		return r, 0, fmt.Errorf("value: %w", err)
	}
	n, err := d.varint()
	if err != nil || n < 0 || n > int64(len(d.rest)) {
		return r, 0, fmt.Errorf("%d headers (%v)", n, err)
	}
	for range n {
		key, err := d.bytes()
		if err != nil || !utf8.Valid(key) {
			return r, 0, fmt.Errorf("header key %q (%v)", key, err)
		}
		value, err := d.bytes()
		if err != nil {
			return r, 0, fmt.Errorf("header %s: %w", key, err)
		}
		r.Headers = append(r.Headers, Header{string(key), value})
	}
	if len(d.rest) != 0 {
		return r, 0, fmt.Errorf("%d bytes too many", len(d.rest))
	}
	return r, delta, nil
}

func (d *decoder) varint() (int64, error) {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		return 0, errShort
	}
	if again := binary.AppendVarint(nil, n); len(again) != size {
		return 0, fmt.Errorf("number %d takes %d bytes", n, size)
	}
	d.rest = d.rest[size:]
	return n, nil
}

// bytes reads a length and as many bytes; nil for the length -1.
func (d *decoder) bytes() ([]byte, error) {
	n, err := d.varint()
	if err != nil {
		return nil, err
	}
	if n == -1 {
		return nil, nil
	}
	if n < 0 || n > int64(len(d.rest)) {
		return nil, errShort
	}
	b := bytes.Clone(d.rest[:n])
	d.rest = d.rest[n:]
	if b == nil {
		b = []byte{}
	}
	return b, nil
}
