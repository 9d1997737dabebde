package buffer

import (
	"errors"
	"fmt"
	"os"

	"github.com/renthub/sluice/internal/fsx"
)

// place is where in the files a cursor reads. The zero place is nowhere.
type place struct {
	seg    *segment
	file   fsx.File
	reader *segmentReader
}

func (p *place) leave() {
	if p.file != nil {
		p.file.Close() // it was only read
	}
	*p = place{}
}

// stretch is what a cursor learns under the lock before it reads.
type stretch struct {
	want    uint64 // the document it wants
	seg     *segment
	size    int64  // where the segment's records end
	end     uint64 // and its documents
	missing uint64 // documents between want and the segment that are gone
	trimmed bool   // they were removed on purpose
}

// fromDisk reads the record with the next document. If nothing comes back, the cursor has moved, and the caller is
// to look again.
func (c *Cursor) fromDisk() (*Item, error) {
	s := c.locate()
	if s.seg == nil {
		return nil, nil
	}
	if s.want < s.seg.first {
		c.pass(s.want, s.seg.first, s.missing, s, reasonMissing)
		return nil, nil
	}
	if err := c.enter(s); err != nil {
		switch {
		case !errors.Is(err, os.ErrNotExist):
			return nil, fmt.Errorf("open segment: %w", err)
		case c.log.has(s.seg): // else it was removed meanwhile
			c.pass(s.want, s.end, s.end-s.want, s, reasonMissing)
		}
		return nil, nil
	}
	return c.read(s)
}

// locate finds the segment with the next document, or the one behind the gap that it is in.
func (c *Cursor) locate() stretch {
	l := c.log
	l.mu.Lock()
	defer l.mu.Unlock()
	want := max(c.next, c.track.taken.prefix)
	for i, s := range l.segments {
		if s.end <= want {
			continue
		}
		out := stretch{want: want, seg: s, size: s.size, end: s.end}
		if want < s.first {
			out.missing = max(s.base, want) - want
			if i > 0 {
				old := l.segments[i-1]
				out.missing = min(out.missing, s.total-(old.total+(old.end-old.first)))
			}
			out.trimmed = i == 0
		}
		return out
	}
	return stretch{}
}

// enter opens the segment, unless the cursor is in it already.
func (c *Cursor) enter(s stretch) error {
	if c.disk.seg == s.seg {
		c.disk.reader.end = s.size
		return nil
	}
	c.disk.leave()
	f, err := c.log.fs.OpenFile(c.log.path(s.seg.name), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	r := newSegmentReader(f, s.seg.salt, s.seg.recordsAt(), s.size)
	r.keep = true
	c.disk = place{seg: s.seg, file: f, reader: r}
	return nil
}

// read returns the record with the wanted document, or passes over what cannot be read.
func (c *Cursor) read(s stretch) (*Item, error) {
	r := c.disk.reader
	for {
		h, ok := r.header()
		switch {
		case r.err != nil:
			err := r.err
			c.disk.leave()
			return nil, err
		case r.off >= r.end:
			c.pass(s.want, s.end, s.end-s.want, s, reasonDamaged)
			c.disk.leave()
			return nil, nil
		case !ok:
			r.resync()
			continue
		case h.end() <= s.want || h.count == 0:
			r.skip(&h)
			continue
		}
		if h.first > s.want {
			c.pass(s.want, h.first, h.first-s.want, s, reasonDamaged)
			return nil, nil
		}
		at := r.off
		payload := r.payload(&h)
		if r.err != nil {
			continue
		}
		if !h.documentsOK(payload) {
			replaced, err := c.repair(&h, payload, at, s)
			if err != nil {
				c.disk.leave() // it is read once more
			}
			if replaced || err != nil {
				return nil, err
			}
			c.pass(s.want, h.end(), h.end()-s.want, s, reasonDamaged) // what is before it may be in the output's hands
			return nil, nil
		}
		rec := h.record(payload)
		c.log.mu.Lock()
		defer c.log.mu.Unlock()
		return c.hand(&rec), nil
	}
}

// pass moves the cursor over documents that are gone: count of [first, end) were real.
func (c *Cursor) pass(first, end, count uint64, s stretch, reason string) {
	l := c.log
	l.mu.Lock()
	t := c.track
	lost := min(t.add(first, end), count)
	c.next = max(c.next, end)
	if t.volatile && s.trimmed {
		t.dropped += lost
		lost = 0
	}
	t.damaged += lost
	var offset int64
	if c.disk.reader != nil {
		offset = c.disk.reader.off
	}
	l.mu.Unlock()
	l.wake()
	if lost > 0 && l.opts.Damaged != nil {
		l.opts.Damaged(DamagedRecord{
			Cursor: t.name, First: first, Count: lost, Segment: s.seg.name, Offset: offset, Reason: reason,
		})
	}
}

func (l *Log) has(s *segment) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, other := range l.segments {
		if other == s {
			return true
		}
	}
	return false
}
