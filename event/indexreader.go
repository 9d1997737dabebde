package event

import (
	"encoding/binary"
	"fmt"
)

// indexReader takes values off the front of in. After the first bad one every
// call returns zero and err says what was wrong.
type indexReader struct {
	in  []byte
	err error
}

func (d *indexReader) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrCorrupt, what)
	}
	d.in = nil
}

// take returns the next n bytes, or nil.
func (d *indexReader) take(n int) []byte {
	if n > len(d.in) {
		d.fail("too short")
		return nil
	}
	b := d.in[:n]
	d.in = d.in[n:]
	return b
}

func (d *indexReader) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *indexReader) uint32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *indexReader) uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// uvarint reads a number that must not be above limit.
func (d *indexReader) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(d.in)
	if n <= 0 {
		d.fail("bad number")
		return 0
	}
	if v > limit {
		d.fail("number out of range")
		return 0
	}
	d.in = d.in[n:]
	return v
}

func (d *indexReader) varint() int64 {
	v, n := binary.Varint(d.in)
	if n <= 0 {
		d.fail("bad number")
		return 0
	}
	d.in = d.in[n:]
	return v
}

func (d *indexReader) names(n uint64) []string {
	if n > uint64(len(d.in)) {
		d.fail("too many names")
		return nil
	}
	names := make([]string, n)
	for i := range names {
		names[i] = string(d.take(int(d.uvarint(1 << 10))))
	}
	return names
}
