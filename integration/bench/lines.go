package bench

import (
	"strconv"
	"time"
)

// Lines makes the lines of a workload. The same sequence number and time always
// make the same line.
type Lines interface {
	// Append appends line number seq without a line end.
	Append(dst []byte, seq uint64, at time.Time) []byte
	// Marks returns what stands before the sequence number and before the
	// nanosecond stamp in a line, and in the document made from it.
	Marks() (seq, stamp string)
}

// dice is a small random source (splitmix64), seeded by the line's number so
// that a line can be made again.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (d *dice) below(n int) int { return int(d.next() >> 33 % uint64(n)) }

func pick[T any](d *dice, of []T) T { return of[d.below(len(of))] }

// skewed prefers the first entries: logs repeat a few things most of the time.
func skewed[T any](d *dice, of []T) T { return of[min(d.below(len(of)), d.below(len(of)))] }

const hexDigits = "0123456789abcdef"

func (d *dice) appendHex(dst []byte, n int) []byte {
	var bits uint64
	for i := range n {
		if i%16 == 0 {
			bits = d.next()
		}
		dst = append(dst, hexDigits[bits&15])
		bits >>= 4
	}
	return dst
}

func (d *dice) appendNumber(dst []byte, below int) []byte {
	return strconv.AppendInt(dst, int64(d.below(below)), 10)
}

// appendTime writes RFC 3339 in UTC with microseconds, always 27 bytes.
func appendTime(dst []byte, at time.Time) []byte {
	return at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
}
