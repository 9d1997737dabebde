package buffer

import "time"

// counters are kept for Stats. Guarded by Log.mu.
type counters struct {
	written         int64
	syncs           int64
	syncTime        time.Duration
	lastSync        time.Duration
	maxSync         time.Duration
	measuredAt      time.Time // when the file system's space was last looked at
	measuredWritten int64
}

func (c *counters) synced(d time.Duration) {
	c.syncs++
	c.syncTime += d
	c.lastSync = d
	c.maxSync = max(c.maxSync, d)
}

// Condition is whether appends can go on.
type Condition string

// The conditions of a log.
const (
	OK       Condition = "ok"
	Full     Condition = "full"      // the maximum size, or the least free space, is reached
	NoSpace  Condition = "no_space"  // the disk is full
	Failing  Condition = "failing"   // a write failed and is tried again
	ReadOnly Condition = "read_only" // writes failed three times in a row; it is tried again each second
)

// Stats describes a log at one moment.
type Stats struct {
	Bytes         int64 // on disk, all segments
	MaxSize       int64 // its limit
	Segments      int
	OldestSeq     uint64    // sequence of the oldest document that is kept
	NextSeq       uint64    // sequence of the next document to be appended
	SyncedSeq     uint64    // sequence after the last document that is on disk
	OldestTime    time.Time // when the oldest segment was started
	NewestTime    time.Time // latest time of a document appended in this run; zero if none
	UnsyncedBytes int64
	HotBytes      int64
	WrittenBytes  int64 // by this run, records and segment heads
	Syncs         int64 // by this run
	SyncTime      time.Duration
	LastSync      time.Duration
	MaxSync       time.Duration
	Condition     Condition
	Reason        string   // why, unless the condition is OK
	Blocked       []string // outputs that hold back the oldest segment, if the log is full
}

// Stats describes the log now.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Stats{
		Bytes: l.size(), MaxSize: l.opts.MaxSize, Segments: len(l.segments),
		OldestSeq: l.segments[0].first, NextSeq: l.next, SyncedSeq: l.synced.seq,
		OldestTime:    time.UnixMilli(l.segments[0].created),
		UnsyncedBytes: l.synced.unsynced, HotBytes: l.hot.bytes, WrittenBytes: l.counters.written,
		Syncs: l.counters.syncs, SyncTime: l.counters.syncTime,
		LastSync: l.counters.lastSync, MaxSync: l.counters.maxSync,
		Blocked: append([]string(nil), l.room.blocked...),
	}
	if a := l.active(); a.maxTime >= a.minTime {
		s.NewestTime = time.UnixMilli(a.maxTime)
	}
	s.Condition, s.Reason = l.condition()
	return s
}

// condition says whether appends can go on, and if not, why. The caller holds mu.
func (l *Log) condition() (Condition, string) {
	h := &l.health
	switch {
	case h.suspended && h.noSpace:
		return NoSpace, h.reason.Error()
	case h.suspended && h.failures >= failuresReadOnly:
		return ReadOnly, h.reason.Error()
	case h.suspended:
		return Failing, h.reason.Error()
	case l.room.needed > 0 && l.size()+l.room.needed > l.opts.MaxSize:
		return Full, "maximum size is reached"
	case l.room.needed > 0:
		return Full, "file system has too little free space"
	}
	return OK, ""
}

// CursorStats describes a cursor at one moment.
type CursorStats struct {
	Name       string
	Acked      uint64 // all documents before it were taken or passed over
	Durable    uint64 // the same, as far as it is on disk
	Pending    uint64 // documents not taken
	Bytes      int64  // that they take on disk, estimated
	InFlight   int    // records handed out and not taken whole
	OldestTime int64  // time of the oldest document not taken, Unix ms; zero if there is none
	Dropped    uint64 // documents passed over because room was needed, ever
	Damaged    uint64 // documents passed over because they could not be read, ever
}

// Stats describes the cursor now.
func (c *Cursor) Stats() CursorStats {
	l, t := c.log, c.track
	l.mu.Lock()
	defer l.mu.Unlock()
	s := CursorStats{
		Name: t.name, Acked: t.taken.prefix, Durable: t.durable, InFlight: len(t.flight),
		OldestTime: l.oldestTime(t), Dropped: t.dropped, Damaged: t.damaged,
	}
	s.Pending, s.Bytes = l.pendingOf(t)
	return s
}

// pendingOf counts what a cursor's output does not have, and estimates its bytes on disk, or of what is to be written. The caller holds mu.
func (l *Log) pendingOf(t *track) (docs uint64, bytes int64) {
	for _, s := range l.segments {
		all := s.end - s.first
		if all == 0 || s.end <= t.taken.prefix {
			continue
		}
		n := all - t.taken.within(s.first, s.end)
		docs += n
		bytes += int64(float64(s.size-s.recordsAt()) * float64(n) / float64(all))
	}
	if first := l.active().end; first < l.next {
		n := l.next - first - t.taken.within(first, l.next)
		docs += n
		bytes += int64(float64(l.deferred.bytes) * float64(n) / float64(l.next-first))
	}
	return docs, bytes
}
