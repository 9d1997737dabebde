package buffer

import (
	"encoding/binary"
	"path/filepath"

	"github.com/renthub/sluice/internal/fsx"
)

// snapshot is what a segment's head restores without any older segment: state and cursors, both only as far
// as they were on disk when it was written.
type snapshot struct {
	state   []Entry
	cursors []savedCursor
}

// maxSavedRanges bounds what is saved of a cursor, so that it fits a slot. What is left out is sent again.
const maxSavedRanges = 160

// savedCursor is a cursor as files and snapshots hold it.
type savedCursor struct {
	name      string
	taken     spans
	dropped   uint64
	damaged   uint64
	forgotten bool // a file that says: the snapshots' cursor of this name is void
}

func (c *savedCursor) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.name)))
	dst = append(dst, c.name...)
	var flags uint64
	if c.forgotten {
		flags = 1
	}
	dst = binary.AppendUvarint(dst, flags)
	dst = binary.AppendUvarint(dst, c.taken.prefix)
	dst = binary.AppendUvarint(dst, c.dropped)
	dst = binary.AppendUvarint(dst, c.damaged)
	rest := c.taken.rest[:min(len(c.taken.rest), maxSavedRanges)]
	dst = binary.AppendUvarint(dst, uint64(len(rest)))
	at := c.taken.prefix
	for _, r := range rest {
		dst = binary.AppendUvarint(dst, r.first-at)
		dst = binary.AppendUvarint(dst, r.count())
		at = r.end
	}
	return dst
}

func (d *decoder) cursor() savedCursor {
	c := savedCursor{name: string(d.bytes(d.uvarint()))}
	c.forgotten = d.uvarint() == 1
	c.taken.prefix = d.uvarint()
	c.dropped = d.uvarint()
	c.damaged = d.uvarint()
	at := c.taken.prefix
	for n := d.uvarint(); n > 0 && d.err == nil; n-- {
		first := at + d.uvarint()
		end := first + d.uvarint()
		if first < at || end < first {
			d.b, d.err = nil, errEncoding
			return savedCursor{}
		}
		c.taken.add(first, end)
		at = end
	}
	return c
}

func (s *snapshot) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s.cursors)))
	for i := range s.cursors {
		dst = s.cursors[i].append(dst)
	}
	return appendEntries(dst, s.state)
}

func decodeSnapshot(b []byte) (snapshot, error) {
	var s snapshot
	d := decoder{b: b}
	for n := d.uvarint(); n > 0 && d.err == nil; n-- {
		s.cursors = append(s.cursors, d.cursor())
	}
	if d.err != nil {
		return snapshot{}, d.err
	}
	var err error
	s.state, err = decodeEntries(d.b)
	return s, err
}

// readSnapshot reads and checks the snapshot of a segment.
func readSnapshot(fsys fsx.FS, dir string, seg *segment) (snapshot, error) {
	f, err := fsys.OpenFile(filepath.Join(dir, seg.name), 0, 0)
	if err != nil {
		return snapshot{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return snapshot{}, err
	}
	if int64(seg.snapLen) > info.Size() {
		return snapshot{}, errEncoding
	}
	buf := make([]byte, seg.snapLen)
	n, err := readTolerant(f, buf, snapshotAt)
	if err != nil {
		return snapshot{}, err
	}
	if n < len(buf) || checksum(buf) != seg.snapCRC {
		return snapshot{}, errEncoding
	}
	return decodeSnapshot(buf)
}
