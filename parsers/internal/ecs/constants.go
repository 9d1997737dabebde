package ecs

import (
	"bytes"

	"github.com/renthub/sluice/event"
)

// constants knows the keys of a source's constant fields, which the document
// has besides the row's.
type constants struct {
	source *event.Source
	n      int
	firsts uint64 // a filter of the first segments of the keys
}

// of makes c that of src. Constants do not change, so once is enough.
func (c *constants) of(src *event.Source) {
	if src == nil || c.source == src && c.n == len(src.Constants) {
		return
	}
	*c = constants{source: src, n: len(src.Constants)}
	for _, f := range src.Constants {
		c.firsts |= filterBit(hash(firstSegment([]byte(f.Key))))
	}
}

func filterBit(h uint64) uint64 { return 1 << (h >> 20 & 63) }

// maybe says whether a constant may have a key that begins with the segment
// whose hash is h.
func (c *constants) maybe(h uint64) bool { return c.firsts&filterBit(h) != 0 }

// How a key meets the keys of the constants.
type meeting uint8

const (
	apart     meeting = iota
	equal             // the line's value wins
	equalOurs         // ours wins
	above             // a constant lies below it
	below             // it lies below a constant
)

// meet says how key meets the constants.
func (c *constants) meet(key []byte) meeting {
	if c.firsts == 0 || !c.maybe(hash(firstSegment(key))) {
		return apart
	}
	return meet(c.source.Constants, key)
}

func meet(list []event.Constant, key []byte) meeting {
	for i := range list {
		f := &list[i]
		switch {
		case string(key) == f.Key && f.Ours:
			return equalOurs
		case string(key) == f.Key:
			return equal
		case len(f.Key) > len(key) && f.Key[len(key)] == '.' && f.Key[:len(key)] == string(key):
			return above
		case len(key) > len(f.Key) && key[len(f.Key)] == '.' && bytes.HasPrefix(key, []byte(f.Key)):
			return below
		}
	}
	return apart
}
