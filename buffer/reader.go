package buffer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/renthub/sluice/internal/fsx"
)

// Reader reads a log that another process may be writing, or that nobody is. It takes no lock, repairs nothing,
// and takes a segment that is gone for one that was removed in time. It is for one goroutine.
type Reader struct {
	fs       fsx.FS
	dir      string
	segments []*segment // oldest first; those behind at are still to be read
	at       int
	place    place
	want     uint64 // sequence after the last document gone over
	from     int64  // segments with only older documents are passed over, Unix ms
	damaged  []Lost
}

// OpenReader reads the log in a folder from its oldest record on.
func OpenReader(dir string) (*Reader, error) { return openReader(fsx.OS{}, dir) }

func openReader(fsys fsx.FS, dir string) (*Reader, error) {
	found, err := listSegments(fsys, dir)
	if err != nil {
		return nil, err
	}
	return &Reader{fs: fsys, dir: dir, segments: found.segments}, nil
}

// SeekTime passes over the segments that have no document of t or later. Records may still be older.
func (r *Reader) SeekTime(t time.Time) { r.from = t.UnixMilli() }

// Next returns the next record, with its state, also those without documents. At the end it returns io.EOF: call it
// again when there may be more. Records that cannot be read are passed over and listed by Damaged.
func (r *Reader) Next() (*Record, error) {
	for {
		if r.at >= len(r.segments) {
			if more, err := r.refresh(); err != nil || !more {
				return nil, errOrEOF(err)
			}
		}
		s := r.segments[r.at]
		if s.sealed && s.maxTime < r.from {
			r.leave(s)
			continue
		}
		if err := r.enter(s); err != nil {
			r.leave(s) // removed since it was listed
			continue
		}
		rec, ended := r.read(s)
		if err := r.place.reader.err; err != nil {
			r.place.leave()
			return nil, err
		}
		if rec != nil {
			return rec, nil
		}
		if ended {
			r.leave(s)
			continue
		}
		if more, err := r.refresh(); err != nil || !more {
			return nil, errOrEOF(err)
		}
	}
}

func errOrEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

func (r *Reader) enter(s *segment) error {
	if r.place.seg == s {
		r.place.reader.end = s.size
		return nil
	}
	r.place.leave()
	f, err := r.fs.OpenFile(filepath.Join(r.dir, s.name), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	reader := newSegmentReader(f, s.salt, s.recordsAt(), s.size)
	reader.keep = true
	r.place = place{seg: s, file: f, reader: reader}
	r.want = max(r.want, s.first)
	return nil
}

func (r *Reader) leave(s *segment) {
	if s.sealed && r.place.seg == s {
		r.lose(s, s.end)
		r.want = max(r.want, s.end)
	}
	r.place.leave()
	r.at++
}

// read returns the next record of the segment. If there is none, it says whether the segment has ended or may
// grow.
func (r *Reader) read(s *segment) (rec *Record, ended bool) {
	in := r.place.reader
	for in.off < in.end {
		at := in.off
		h, ok := in.header()
		if ok && h.count > 0 && h.end() <= r.want {
			in.skip(&h)
			continue
		}
		var payload []byte
		if ok {
			payload = in.payload(&h)
		}
		whole := ok && h.stateOK(payload) && h.documentsOK(payload)
		if !whole && !s.sealed && !r.provenBehind(at) {
			in.off, in.headAt = at, -1
			return nil, false
		}
		if !ok {
			in.off = at
			in.resync()
			continue
		}
		r.lose(s, h.first)
		r.want = max(r.want, h.end())
		if !h.documentsOK(payload) {
			r.damaged = append(r.damaged, Lost{Range{h.first, uint64(h.count)}, s.name, reasonDamaged})
			continue
		}
		out := h.record(payload)
		if h.stateOK(payload) {
			out.State, _ = decodeEntries(payload[:h.stateLen]) // nil if it cannot be read
		}
		return &out, false
	}
	return nil, s.sealed
}

// provenBehind reports whether a record behind off promises that off was synced. It leaves the reader anywhere.
func (r *Reader) provenBehind(off int64) bool {
	in := r.place.reader
	in.off = off
	for in.resync() {
		h, _ := in.header()
		if h.synced > uint64(off) {
			in.off = off
			if h, ok := in.header(); ok {
				in.skip(&h)
			}
			return true
		}
	}
	return false
}

func (r *Reader) lose(s *segment, upTo uint64) {
	if upTo > r.want {
		r.damaged = append(r.damaged, Lost{Range{r.want, upTo - r.want}, s.name, reasonDamaged})
		r.want = upTo
	}
}

// refresh looks for what was written since. It reports whether there is anything.
func (r *Reader) refresh() (bool, error) {
	entries, err := r.fs.ReadDir(r.dir)
	if err != nil {
		return false, fmt.Errorf("list log folder: %w", err)
	}
	before := r.written()
	for _, e := range entries {
		first, ok := parseSegmentName(e.Name())
		last := len(r.segments) - 1
		if !ok || last >= 0 && first < r.segments[last].first {
			continue
		}
		s, err := openSegment(r.fs, r.dir, e.Name())
		if errors.Is(err, ErrVersion) {
			return false, err
		}
		if err != nil || s.first != first {
			continue
		}
		switch {
		case last < 0 || first > r.segments[last].first:
			r.segments = append(r.segments, s)
		case s.salt != r.segments[last].salt:
			r.segments[last] = s // it took the place of one that could not be synced
		default:
			r.segments[last].size = s.size
		}
	}
	linkSegments(r.segments)
	return r.written() != before, nil
}

// mark tells two states of the folder apart.
type mark struct {
	segments int
	size     int64
	salt     uint64
	sealed   bool
}

func (r *Reader) written() mark {
	m := mark{segments: len(r.segments)}
	if r.at < len(r.segments) {
		s := r.segments[r.at]
		m.size, m.salt, m.sealed = s.size, s.salt, s.sealed
	}
	return m
}

// State returns the state that the folder holds now.
func (r *Reader) State() (map[string][]byte, error) {
	found, err := listSegments(r.fs, r.dir)
	if err != nil {
		return nil, err
	}
	return restoreState(r.fs, r.dir, found.segments)
}

// Damaged lists what Next could not read so far.
func (r *Reader) Damaged() []Lost { return r.damaged }

// CursorPlace is where a cursor stands.
type CursorPlace struct {
	Name    string
	Taken   uint64  // all documents before it are taken or passed over
	Behind  []Range // more that are
	Dropped uint64
	Damaged uint64
}

// Cursors returns where each cursor stands, sorted by name.
func (r *Reader) Cursors() ([]CursorPlace, error) {
	saved, _, err := readCursors(r.fs, filepath.Join(r.dir, cursorsName))
	if err != nil {
		return nil, err
	}
	var out []CursorPlace
	for _, name := range sortedKeys(saved) {
		c := saved[name]
		if c.forgotten {
			continue
		}
		p := CursorPlace{Name: name, Taken: c.taken.prefix, Dropped: c.dropped, Damaged: c.damaged}
		for _, s := range c.taken.rest {
			p.Behind = append(p.Behind, Range{s.first, s.count()})
		}
		out = append(out, p)
	}
	return out, nil
}

// Close lets go of the file that is read.
func (r *Reader) Close() error {
	r.place.leave()
	return nil
}
