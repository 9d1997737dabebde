package buffer

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/renthub/sluice/internal/fsx"
)

// startSegment ends the active segment where it was last synced, and makes a new one that begins with what was
// appended but not synced. All of that is on disk when it returns. The caller is the tender and has the turn.
//
// If the active segment has no synced document, the new one has its name and takes its place.
func (l *Log) startSegment() error {
	l.joinDeferred()
	l.mu.Lock()
	old := l.active()
	h := succeed(old, l.synced.seq)
	replaces := h.first == old.first
	if replaces {
		h = old.segmentHeader
	}
	h.created = l.opts.Now().UnixMilli()
	snap := l.snapshot()
	cuts, number := l.pending, l.cuts // appends wait for the turn, so the list stays as it is
	l.mu.Unlock()

	if l.file != nil {
		if err := l.file.Close(); err != nil {
			l.opts.Logger.Warn("closing segment failed", "segment", old.name, "error", err)
		}
		l.file = nil
	}
	f, s, err := l.createSegment(h, snap, cuts)
	if err != nil {
		return fmt.Errorf("start segment %s: %w", segmentName(h.first), err)
	}
	l.file = f

	l.mu.Lock()
	defer l.mu.Unlock()
	if replaces {
		l.segments[len(l.segments)-1] = s
	} else {
		old.end, old.size, old.sealed = h.base, old.synced, true
		l.segments = append(l.segments, s)
	}
	s.end = l.next
	s.minTime, s.maxTime = pendingTimes(cuts)
	l.counters.written += s.size
	l.health.broken = false
	l.deferred = deferState{written: number}
	l.markSynced(number, s.size)
	return nil
}

// succeed is the header of the segment that follows old, which ends at the sequence base.
func succeed(old *segment, base uint64) segmentHeader {
	return segmentHeader{
		first: base, base: base, total: old.total + (base - old.first),
		hasPrev: true, prev: old.first, prevBase: old.base, prevEnd: uint64(old.synced),
		prevMin: old.minTime, prevMax: old.maxTime,
	}
}

// createSegment writes a segment under a temporary name, syncs it, and only then gives it its name: no segment
// is ever seen without its head.
func (l *Log) createSegment(h segmentHeader, snap snapshot, cuts []*cut) (fsx.File, *segment, error) {
	var salt [8]byte
	rand.Read(salt[:]) // never fails
	h.salt = binary.LittleEndian.Uint64(salt[:])
	name := segmentName(h.first)
	tmp := l.path(name + tmpSuffix)
	f, err := l.fs.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, filePerm)
	if err != nil {
		return nil, nil, err
	}
	size, err := l.writeHead(f, &h, snap)
	promise := size
	for _, c := range cuts {
		if err == nil {
			var buf []byte
			buf = l.appendCut(buf, c, h.salt, promise)
			_, err = f.WriteAt(buf, size)
			size += int64(len(buf))
		}
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close()) // Windows renames no open file
	if err == nil {
		err = l.fs.Rename(tmp, l.path(name))
	}
	if err != nil {
		return nil, nil, errors.Join(err, l.removeIfThere(tmp))
	}
	if err = l.fs.SyncDir(l.opts.Dir); err != nil {
		return nil, nil, err
	}
	if f, err = l.fs.OpenFile(l.path(name), os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	s := &segment{segmentHeader: h, name: name, end: h.first, size: size, disk: size, synced: size}
	s.minTime, s.maxTime = math.MaxInt64, math.MinInt64
	return f, s, nil
}

// writeHead writes header, its copy and the snapshot, and returns where records begin.
func (l *Log) writeHead(f fsx.File, h *segmentHeader, snap snapshot) (int64, error) {
	body := snap.append(nil)
	if len(body) > maxSnapshot {
		return 0, fmt.Errorf("write snapshot of %d bytes: the limit is %d", len(body), maxSnapshot)
	}
	h.snapLen, h.snapCRC = uint32(len(body)), checksum(body)
	head := make([]byte, h.recordsAt())
	copy(head, h.append(nil))
	copy(head[headerCopyAt:], h.append(nil))
	copy(head[snapshotAt:], body)
	_, err := f.WriteAt(head, 0)
	return int64(len(head)), err
}

// snapshot is state and cursors as far as they are on disk. The caller holds mu.
func (l *Log) snapshot() snapshot {
	s := snapshot{state: l.state.entries()}
	for _, name := range sortedKeys(l.tracks) {
		if t := l.tracks[name]; !t.volatile {
			s.cursors = append(s.cursors, l.saved(t))
		}
	}
	return s
}

func pendingTimes(cuts []*cut) (minTime, maxTime int64) {
	minTime, maxTime = math.MaxInt64, math.MinInt64
	for _, c := range cuts {
		for _, r := range c.records {
			if r.Count > 0 {
				minTime, maxTime = min(minTime, r.MinTime), max(maxTime, r.MaxTime)
			}
		}
	}
	return minTime, maxTime
}

func (l *Log) removeIfThere(path string) error {
	err := l.fs.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (l *Log) cursorDir() string { return filepath.Join(l.opts.Dir, cursorsName) }
