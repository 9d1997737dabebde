package buffer

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/renthub/sluice/internal/fsx"
)

// piece is what a scan finds in a segment: a record, or a run of bytes that are none.
type piece struct {
	at, end int64
	recordHeader
	record    bool // else bytes that are no record
	documents bool // a record whose documents can be read
	whole     bool // and its state too
}

// scanSegment reads all of a segment and returns its pieces in order.
func scanSegment(r *segmentReader) []piece {
	var out []piece
	for r.off < r.end {
		at := r.off
		h, ok := r.header()
		if !ok {
			r.resync()
			out = append(out, piece{at: at, end: r.off})
			continue
		}
		payload := r.payload(&h)
		p := piece{at: at, end: r.off, recordHeader: h, record: true, documents: h.documentsOK(payload)}
		p.whole = p.documents && h.stateOK(payload)
		out = append(out, p)
	}
	return out
}

// examine reads a segment and decides where it ends, if no successor's header says so, and what of it is lost.
//
// Damaged bytes that were synced once are a loss, and what is behind them counts; others are where the last run
// stopped. That they were synced is proven by a later record's promise, by a cursor beyond them (proof), or by a
// newer segment.
func examine(f fsx.File, s *segment, proof uint64, newest bool) (walk, error) {
	end := s.disk
	if s.sealed {
		end = s.size
	}
	r := newSegmentReader(f, s.salt, s.recordsAt(), end)
	pieces := scanSegment(r)
	w := walk{seg: s, pieces: pieces, synced: syncedUpTo(pieces), proof: proof, newest: newest}
	w.run()
	return w, r.err
}

// findEnd examines a segment that no successor ends. It returns the highest sequence that any record names, valid
// end or not.
func (l *Log) findEnd(s *segment, proof uint64, newest bool) (uint64, error) {
	f, err := l.fs.OpenFile(l.path(s.name), os.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w, err := examine(f, s, proof, newest)
	if err != nil {
		return 0, err
	}
	l.recovery.Scanned += s.disk
	highest := s.first
	for _, p := range w.pieces {
		highest = max(highest, p.recordHeader.end())
	}
	s.end, s.size, s.synced = w.end, w.size, w.size
	s.minTime, s.maxTime = w.minTime, w.maxTime
	for _, p := range w.bad {
		l.quarantineBytes(f, s, p)
	}
	l.recovery.Lost = append(l.recovery.Lost, w.lost...)
	return highest, nil
}

// syncedUpTo is the furthest promise in a segment.
func syncedUpTo(pieces []piece) int64 {
	var upTo int64
	for _, p := range pieces {
		if p.record {
			upTo = max(upTo, int64(min(p.synced, math.MaxInt64)))
		}
	}
	return upTo
}

// walk goes over the pieces of a segment up to its logical end.
type walk struct {
	seg    *segment
	pieces []piece
	synced int64  // bytes before it were synced
	proof  uint64 // documents before it were synced
	newest bool   // else all of it was synced

	seq     uint64 // sequence after the last document gone over
	gap     bool   // damaged bytes were gone over since
	end     uint64 // sequence where the segment ends
	size    int64  // offset where it ends
	minTime int64
	maxTime int64
	lost    []Lost
	bad     []piece
}

func (w *walk) run() {
	w.seq, w.end, w.size = w.seg.first, w.seg.first, w.seg.recordsAt()
	w.minTime, w.maxTime = math.MaxInt64, math.MinInt64
	for _, p := range w.pieces {
		if !w.step(p) {
			break
		}
	}
	last := w.end
	switch {
	case w.seg.sealed:
		last = w.seg.end
	case w.newest:
		last = max(last, w.proof)
	}
	w.lose(w.end, last, reasonTruncated)
	w.end = max(w.end, last)
}

// step goes over one piece. It returns false where the log ends.
func (w *walk) step(p piece) bool {
	proven := !w.newest || p.at < w.synced
	if !p.record {
		if proven || w.seq < w.proof {
			w.bad = append(w.bad, p)
			w.gap = true
			return true
		}
		return false
	}
	if p.first < w.seq {
		return true // a stale copy; its documents were gone over
	}
	proven = proven || w.seq < w.proof
	if (p.first > w.seq && !w.gap || !p.whole) && !proven {
		return false
	}
	w.gap = false
	if p.first > w.seq {
		w.lose(w.seq, p.first, reasonDamaged)
	}
	if !p.documents {
		w.bad = append(w.bad, p)
		w.lose(p.first, p.recordHeader.end(), reasonDamaged)
	}
	w.seq = p.recordHeader.end()
	if p.count > 0 {
		w.minTime, w.maxTime = min(w.minTime, p.minTime), max(w.maxTime, p.maxTime)
	}
	// A cut that is not whole was never acknowledged: its sources will send it again.
	if proven || p.lastOfCut() {
		w.end, w.size = w.seq, p.end
	}
	return true
}

func (w *walk) lose(first, end uint64, reason string) {
	if end > first {
		w.lost = append(w.lost, Lost{Range: Range{first, end - first}, Segment: w.seg.name, Reason: reason})
	}
}

const maxQuarantine = 256 << 20

// quarantineBytes copies damaged bytes to where somebody can look at them.
func (l *Log) quarantineBytes(f fsx.File, s *segment, p piece) {
	if l.recovery.Quarantined+p.end-p.at > maxQuarantine {
		return
	}
	dir := l.path(quarantineName)
	err := fsx.MkdirAll(l.fs, dir, dirPerm)
	var data []byte
	if err == nil {
		data = make([]byte, p.end-p.at)
		var n int
		n, err = readTolerant(f, data, p.at)
		data = data[:n]
	}
	if err == nil {
		err = fsx.WriteFile(l.fs, filepath.Join(dir, fmt.Sprintf("%s-%d", s.name, p.at)), data, filePerm)
		l.recovery.Quarantined += int64(len(data))
	}
	if err != nil {
		l.opts.Logger.Warn("putting damaged bytes aside failed", "segment", s.name, "error", err)
	}
}
