package buffer

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// maxRepairs is how many damaged records may wait for Repairs. A cursor that finds more waits.
const maxRepairs = 256

var errRepairs = errors.New("too many damaged records wait to be replaced")

// Repair is a damaged record whose documents may be had again from where they came from. Until they are settled, no cursor
// that lacks them passes them, so that a crash on the way loses nothing. It is for one goroutine.
type Repair struct {
	First   uint64 // sequence of the first document
	Count   uint64 // documents
	Segment string // file name
	Offset  int64  // of the record in the segment
	Index   []byte // as appended: only the body is damaged
	Lacking []Lack // whom it concerns

	log *Log
}

// Lack is what of a damaged record a cursor's output does not have, nor has in its hands.
type Lack struct {
	Cursor string
	Ranges []Range
}

// Has reports whether the document with this number is lacking.
func (l *Lack) Has(seq uint64) bool {
	return slices.ContainsFunc(l.Ranges, func(r Range) bool { return seq >= r.First && seq < r.End() })
}

// Repairs brings the damaged records that cursors come across, if Options.Repair is set. It is never closed.
func (l *Log) Repairs() <-chan *Repair { return l.repairs }

// repair hands the record at offset at on to be replaced, for all cursors that lack any of it. It returns false if that
// cannot be, since its index is damaged too or nobody is there to do it.
func (c *Cursor) repair(h *recordHeader, payload []byte, at int64, s stretch) (bool, error) {
	l := c.log
	if !l.opts.Repair || !h.indexOK(payload) {
		return false, nil
	}
	r := &Repair{First: h.first, Count: uint64(h.count), Segment: s.seg.name, Offset: at, log: l}
	r.Index = append(r.Index, payload[h.stateLen:][:h.indexLen]...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(c.track.lacks(h.first, h.end(), true)) == 0 { // another cursor has handed it on
		c.next = max(c.next, h.end())
		return true, nil
	}
	for _, name := range sortedKeys(l.tracks) {
		if ranges := l.tracks[name].lacks(h.first, h.end(), true); len(ranges) > 0 {
			r.Lacking = append(r.Lacking, Lack{name, ranges})
		}
	}
	select {
	case l.repairs <- r:
	default:
		return false, errRepairs
	}
	for _, lack := range r.Lacking {
		t := l.tracks[lack.Cursor]
		for _, one := range lack.Ranges {
			t.repairs = append(t.repairs, span{one.First, one.End()})
		}
	}
	c.next = max(c.next, h.end())
	return true, nil
}

// indexOK reports whether the index is as written.
func (h *recordHeader) indexOK(payload []byte) bool {
	return int64(len(payload)) >= h.payload() && checksum(payload[h.stateLen:][:h.indexLen]) == h.indexCRC
}

// lacks returns what of [first, end) the output does not have and nobody replaces; what it has in its hands counts as had
// if flights says so. The caller holds Log.mu.
func (t *track) lacks(first, end uint64, flights bool) []Range {
	have := spans{t.taken.prefix, slices.Clone(t.taken.rest)}
	for _, s := range t.repairs {
		have.add(s.first, s.end)
	}
	for _, f := range t.flight {
		if flights {
			have.add(f.first, f.end)
		}
	}
	var out []Range
	at := first
	for _, r := range have.ranges(first, end) {
		if r.First > at {
			out = append(out, Range{at, r.First - at})
		}
		at = r.End()
	}
	if at < end {
		out = append(out, Range{at, end - at})
	}
	return out
}

// Replaced says that count documents from first on are on disk in other records, for those that lack them, or that nobody
// needs them: their cursors pass.
func (r *Repair) Replaced(first, count uint64) { r.settle(first, first+count, false) }

// Lost says that count documents from first on cannot be had again: their cursors pass and count them as damaged.
func (r *Repair) Lost(first, count uint64) { r.settle(first, first+count, true) }

func (r *Repair) settle(first, end uint64, lost bool) {
	l := r.log
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lack := range r.Lacking {
		t := l.tracks[lack.Cursor]
		if t == nil {
			continue // forgotten meanwhile
		}
		for _, one := range lack.Ranges {
			from, to := max(one.First, first), min(one.End(), end)
			if from >= to {
				continue
			}
			t.repairs = without(t.repairs, from, to)
			added := t.add(from, to)
			if lost {
				t.damaged += added
			} else { // what was dropped to make room comes all the same
				t.dropped -= min(t.dropped, to-from-added)
			}
		}
	}
	l.wake()
}

// without returns the spans with [first, end) cut out.
func without(list []span, first, end uint64) []span {
	var left []span
	for _, s := range list {
		left = append(left, span{s.first, min(s.end, max(first, s.first))}, span{max(s.first, min(end, s.end)), s.end})
	}
	return slices.DeleteFunc(left, func(s span) bool { return s.first >= s.end })
}

// Stuck reports whether the log is full only because of documents that wait to be replaced: then there will be no room for
// others in their place.
func (r *Repair) Stuck() bool {
	l := r.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.room.needed == 0 || len(l.segments) < 2 {
		return false
	}
	s, next := l.segments[0], l.segments[1]
	holds := false
	for _, t := range l.holders(next.base) {
		if t.blocks() {
			if len(t.lacks(s.first, s.end, false)) > 0 {
				return false
			}
			holds = true
		}
	}
	return holds
}

// Around is some of the state at the time of a record.
type Around struct {
	Before map[string][]byte // as a restart would have found it just before
	Own    map[string][]byte // as the record's own cut set it, which counts only if all of the cut is whole
	After  map[string][]byte // as it was set next
}

// State returns the values that some keys of the state had at the time of the record. Deletions are passed over.
func (r *Repair) State(keys []string) (Around, error) {
	around := Around{map[string][]byte{}, map[string][]byte{}, map[string][]byte{}}
	l := r.log
	l.mu.Lock()
	i := slices.IndexFunc(l.segments, func(s *segment) bool { return s.name == r.Segment })
	if i < 0 {
		l.mu.Unlock()
		return around, fmt.Errorf("read state of segment %s: %w", r.Segment, os.ErrNotExist)
	}
	list, size := l.segments[i:min(i+2, len(l.segments))], l.segments[i].size
	l.mu.Unlock()
	s := list[0]
	f, err := l.fs.OpenFile(l.path(s.name), os.O_RDONLY, 0)
	if err != nil {
		return around, fmt.Errorf("read state: %w", err)
	}
	defer f.Close()
	if snap, err := readSnapshot(l.fs, l.opts.Dir, s); err == nil {
		keep(around.Before, snap.state, keys, true)
	}
	keep(around.Own, cutState(newSegmentReader(f, s.salt, r.Offset, size)), keys, true)
	in := newSegmentReader(f, s.salt, s.recordsAt(), size)
	eachCut(in, func(entries []Entry) bool {
		if in.off <= r.Offset {
			keep(around.Before, entries, keys, true)
		} else {
			keep(around.After, entries, keys, false)
		}
		return len(around.After) < len(keys)
	})
	if len(list) > 1 && in.err == nil {
		if snap, err := readSnapshot(l.fs, l.opts.Dir, list[1]); err == nil {
			keep(around.After, snap.state, keys, false)
		}
	}
	return around, in.err
}

// keep puts the values of some keys into m: the last or the first of each.
func keep(m map[string][]byte, entries []Entry, keys []string, last bool) {
	for _, e := range entries {
		if !slices.Contains(keys, e.Key) || e.Value == nil {
			continue
		}
		if _, has := m[e.Key]; last || !has {
			m[e.Key] = slices.Clone(e.Value)
		}
	}
}

// cutState returns the state of the cut of which the reader is at a record, whether the documents are whole or not.
func cutState(r *segmentReader) []Entry {
	for {
		h, ok := r.header()
		if !ok {
			return nil
		}
		payload := r.payload(&h)
		if h.lastOfCut() && h.stateOK(payload) {
			entries, _ := decodeEntries(append([]byte(nil), payload[:h.stateLen]...)) // nil if it cannot be read
			return entries
		}
		if h.lastOfCut() || r.off >= r.end {
			return nil
		}
	}
}
