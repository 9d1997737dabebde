package event

import (
	"encoding/binary"
	"hash/crc32"
)

// Piece is a run of compressed bytes that is a part of a gzip stream: raw
// deflate that ends in a sync flush, so that pieces of any size join on byte
// borders, with what the gzip trailer needs to know of it.
type Piece struct {
	Deflate []byte
	CRC     uint32 // CRC-32 (IEEE) of the raw bytes
	Size    int    // raw bytes
}

// gzipHeader is RFC 1952: deflate, no flags, no time, unknown system.
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}

// AppendGzip appends the parts of one gzip stream of all pieces, to be sent in
// order, and returns their total length. It is a single member, since old
// servers drop what follows the first: a header, the pieces, a final empty
// block, the combined CRC-32 and the raw size. Nothing is compressed again.
func AppendGzip(parts [][]byte, pieces []Piece) (out [][]byte, size int) {
	parts = append(parts, gzipHeader)
	size = len(gzipHeader)
	var crc uint32
	var raw int
	for i := range pieces {
		p := &pieces[i]
		crc = combineCRC(crc, p.CRC, int64(p.Size))
		raw += p.Size
		size += len(p.Deflate)
		parts = append(parts, p.Deflate)
	}
	end := binary.LittleEndian.AppendUint32([]byte{3, 0}, crc)
	end = binary.LittleEndian.AppendUint32(end, uint32(raw))
	return append(parts, end), size + len(end)
}

// combineCRC returns the CRC-32 of A followed by B from those of both and the
// length of B: A's is multiplied by x to the number of B's bits.
func combineCRC(a, b uint32, lenB int64) uint32 {
	p := uint32(1 << 31) // 1, in the reflected order of bits
	for k, n := 0, uint64(lenB)*8; n > 0; k, n = k+1, n>>1 {
		if n&1 != 0 {
			p = mulCRC(powersCRC[k], p)
		}
	}
	return mulCRC(p, a) ^ b
}

// mulCRC multiplies two polynomials over GF(2) modulo that of CRC-32.
func mulCRC(a, b uint32) uint32 {
	var p uint32
	for m := uint32(1 << 31); ; m >>= 1 {
		if a&m != 0 {
			p ^= b
			if a&(m-1) == 0 {
				return p
			}
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= crc32.IEEE
		}
		if m == 0 {
			return p
		}
	}
}

// powersCRC[k] is x to the power of 2 to the power of k.
var powersCRC = func() (t [64]uint32) {
	t[0] = 1 << 30
	for i := 1; i < len(t); i++ {
		t[i] = mulCRC(t[i-1], t[i-1])
	}
	return t
}()
