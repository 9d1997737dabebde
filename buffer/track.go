package buffer

import (
	"maps"
	"slices"
	"time"
)

// track is what the log knows of one cursor: what its output has, and what of that is saved. Guarded by Log.mu,
// but for file, which is the tender's.
type track struct {
	name     string
	taken    spans // documents the output has, or that are passed over
	dropped  uint64
	damaged  uint64
	open     bool      // an output of this run has it; else it is an orphan
	closedAt time.Time // when an output of this run closed it
	volatile bool
	onFull   OnFull

	file     *cursorFile
	durable  uint64 // the prefix that is on disk for certain
	dirty    bool   // taken has moved since it was written
	unsynced bool   // the file has changed since it was synced
	movedAt  time.Time
	syncedAt time.Time

	flight  []flight // handed out and not taken whole, in order
	repairs []span   // damaged, and to be replaced by others
	late    []span   // dropped, but handed out before: the output may have them yet
}

// flight is a record handed to an output.
type flight struct {
	first, end uint64
	time       int64 // of its oldest document, Unix ms
	bytes      int64
}

// add marks documents as taken and returns how many were not. The caller holds Log.mu.
func (t *track) add(first, end uint64) uint64 {
	n := t.taken.add(first, end)
	if n == 0 {
		return 0
	}
	i := 0
	for i < len(t.flight) && t.flight[i].end <= t.taken.prefix {
		i++
	}
	t.flight = slices.Delete(t.flight, 0, i)
	if !t.dirty {
		t.dirty = true
		t.movedAt = time.Now()
	}
	return n
}

// drop marks documents as passed over, counts them and returns how many they were. The caller holds Log.mu.
func (t *track) drop(first, end uint64) uint64 {
	for _, f := range t.flight {
		at := max(f.first, first)
		for _, r := range t.taken.ranges(at, min(f.end, end)) {
			t.late = append(t.late, span{at, r.First})
			at = r.End()
		}
		t.late = append(t.late, span{at, max(at, min(f.end, end))})
	}
	n := t.add(first, end)
	t.dropped += n
	return n
}

// arrived takes back that documents were dropped which the output has after all: they were in its hands. The caller
// holds Log.mu.
func (t *track) arrived(first, end uint64) {
	var left []span
	for _, s := range t.late {
		from, to := max(s.first, first), min(s.end, end)
		if from >= to {
			left = append(left, s)
			continue
		}
		t.dropped -= to - from
		t.dirty = true
		left = append(left, span{s.first, from}, span{to, s.end})
	}
	t.late = slices.DeleteFunc(left, func(s span) bool { return s.first >= s.end })
}

// saveAt is when the track's file is to be written or synced; zero if it is up to date. The caller holds Log.mu.
func (t *track) saveAt() time.Time {
	var due time.Time
	switch {
	case t.volatile:
		return time.Time{}
	case t.dirty:
		due = t.movedAt.Add(saveDelay)
	case t.unsynced:
		due = t.syncedAt.Add(saveSyncInterval)
	}
	return due
}

// saved is what may be saved of a track: nothing that is not on disk, and no number that was only skipped. The
// caller holds mu.
func (l *Log) saved(t *track) savedCursor {
	c := savedCursor{name: t.name, dropped: t.dropped, damaged: t.damaged, taken: t.taken.clip(l.synced.seq)}
	c.taken.rest = slices.DeleteFunc(c.taken.rest, l.isJump)
	for _, s := range l.segments {
		if c.taken.prefix == s.first && s.base < s.first {
			c.taken.prefix = s.base
		}
	}
	return c
}

// isJump reports whether r is numbers that were never given to a document. The caller holds mu.
func (l *Log) isJump(r span) bool {
	return slices.ContainsFunc(l.segments, func(s *segment) bool { return r == span{s.base, s.first} })
}

// addJumps marks the numbers that were never given as taken, so that the prefix can pass them. The caller holds mu.
func (l *Log) addJumps(t *track) {
	for _, s := range l.segments {
		t.taken.add(s.base, s.first)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
