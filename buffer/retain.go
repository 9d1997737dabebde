package buffer

import (
	"fmt"
	"slices"
	"time"
)

// roomState is what appends need and cannot have. Guarded by Log.mu.
type roomState struct {
	needed   int64    // bytes an append waits for; zero if none waits
	lowSpace bool     // less than MinFree of the file system is free
	blocked  []string // outputs that hold back the oldest segment, while an append waits
}

// size is what the segments take on disk. The caller holds mu.
func (l *Log) size() int64 {
	var n int64
	for _, s := range l.segments {
		n += s.disk
	}
	return n
}

// overLimit reports whether there is no room for more bytes. A file system that others filled does not stop a log
// that is small. The caller holds mu.
func (l *Log) overLimit(more int64) bool {
	size := l.size()
	return size+more > l.opts.MaxSize || l.room.lowSpace && size > 2*l.opts.SegmentSize
}

// Blocked names the outputs that hold back the oldest segment while the log is full.
func (l *Log) Blocked() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.room.blocked...)
}

// trim removes the oldest segments, as long as they may go.
func (l *Log) trim() {
	l.measureSpace()
	for {
		s, next := l.oldestToGo()
		if s == nil {
			return
		}
		if err := l.remove(s, next.base); err != nil {
			l.opts.Logger.Warn("removing segment failed", "segment", s.name, "error", err)
			return
		}
	}
}

// oldestToGo returns the oldest segment, if it may go, and its successor. Undelivered documents that go with it
// are marked as dropped.
func (l *Log) oldestToGo() (s, next *segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	full := l.room.needed > 0 && l.overLimit(l.room.needed) || l.health.suspended && l.health.noSpace
	if len(l.segments) < 2 {
		s := l.active()
		l.synced.roll = l.synced.roll || full && s.size > s.recordsAt()
		l.endFull(full)
		return nil, nil
	}
	s, next = l.segments[0], l.segments[1]
	holders := l.holders(next.base)
	inUse := slices.ContainsFunc(holders, func(t *track) bool { return t.open })
	if !full && (inUse || !l.historyPassed(s, next, holders)) {
		l.endFull(false)
		return nil, nil
	}
	l.room.blocked = nil
	for _, t := range holders {
		if t.blocks() {
			l.room.blocked = append(l.room.blocked, t.name)
		}
	}
	if len(l.room.blocked) > 0 {
		return nil, nil
	}
	for _, t := range holders {
		n := t.drop(s.first, next.base)
		l.addJumps(t)
		l.opts.Logger.Warn("dropping undelivered documents", "cursor", t.name, "documents", n)
	}
	return s, next
}

// blocks reports whether appends wait for an output rather than drop what it needs. One that was closed a moment ago may be
// opened again, by a reload or by the next start. The caller holds Log.mu.
func (t *track) blocks() bool {
	return t.onFull == Block && (t.open || !t.closedAt.IsZero() && time.Since(t.closedAt) < closedGrace)
}

// endFull lets appends try again once there is room. The caller holds mu.
func (l *Log) endFull(full bool) {
	if full {
		return
	}
	l.room.blocked = nil
	if l.room.needed > 0 {
		l.room.needed = 0
		l.settled.raise()
	}
}

// holders lists the cursors whose outputs need documents before end. The caller holds mu.
func (l *Log) holders(end uint64) []*track {
	var out []*track
	for _, name := range sortedKeys(l.tracks) {
		if t := l.tracks[name]; !t.volatile && min(t.taken.prefix, l.synced.seq) < end {
			out = append(out, t)
		}
	}
	return out
}

// historyPassed reports whether a segment that no output of this run needs is beyond the time and size for which
// delivered data stays. Orphans' data ages the same way, but only if there is a history, and only once the outputs of
// this run are known. The caller holds mu.
func (l *Log) historyPassed(s, next *segment, holders []*track) bool {
	h := l.opts.History
	if len(holders) > 0 && (l.cuts == 0 || h == History{}) {
		return false
	}
	if (h == History{}) {
		return true
	}
	age := l.now().Sub(time.UnixMilli(next.created))
	return h.Age > 0 && age > h.Age || h.Size > 0 && l.delivered() > h.Size
}

// delivered is the size of the segments that no output of this run needs. The caller holds mu.
func (l *Log) delivered() int64 {
	needed := l.synced.seq
	for _, t := range l.tracks {
		if t.open && !t.volatile {
			needed = min(needed, t.taken.prefix)
		}
	}
	var n int64
	for i := 1; i < len(l.segments) && l.segments[i].base <= needed; i++ {
		n += l.segments[i-1].disk
	}
	return n
}

// remove unlinks the oldest segment. Every cursor is on disk beyond it before, and the folder is synced after each
// one, so that segments go in order whatever happens.
func (l *Log) remove(s *segment, end uint64) error {
	for _, name := range sortedKeys(l.tracks) {
		t := l.tracks[name]
		if t.volatile || min(t.file.durable[0], t.file.durable[1]) >= end {
			continue
		}
		if err := l.saveBeyond(t, end); err != nil {
			return err
		}
	}
	if err := l.removeIfThere(l.path(s.name)); err != nil {
		return err
	}
	l.mu.Lock()
	l.segments = append([]*segment(nil), l.segments[1:]...)
	l.mu.Unlock()
	return l.fs.SyncDir(l.opts.Dir)
}

// saveBeyond makes a cursor's place durable, which must be at end or behind it, in both slots: if one of them is
// damaged later, the other must not ask for what was removed.
func (l *Log) saveBeyond(t *track, end uint64) error {
	for range t.file.durable {
		l.mu.Lock()
		t.dirty = true
		l.mu.Unlock()
		if err := l.save(t, true); err != nil {
			return err
		}
	}
	if saved := min(t.file.durable[0], t.file.durable[1]); saved < end {
		return fmt.Errorf("save cursor %q: it is at %d, before %d", t.name, saved, end)
	}
	return nil
}

// measureSpace looks how much of the file system is free, if an append waits or something was written.
func (l *Log) measureSpace() {
	if l.opts.MinFree < 0 {
		return
	}
	now := time.Now()
	l.mu.Lock()
	due := now.Sub(l.counters.measuredAt) >= probeInterval &&
		(l.room.needed > 0 || l.counters.written != l.counters.measuredWritten)
	if due {
		l.counters.measuredAt, l.counters.measuredWritten = now, l.counters.written
	}
	l.mu.Unlock()
	if !due {
		return
	}
	space, err := l.fs.Space(l.opts.Dir)
	if err != nil {
		return // writing will show
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.room.lowSpace = float64(space.Free) < l.opts.MinFree*float64(space.Total)
}
