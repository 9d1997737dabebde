package buffer

import "slices"

// A deferred cut has its numbers and is in the hands of cursors, but its bytes are not in the segment. All that
// wait are written together, as one cut: at the next sync, before anything that may not wait, and once they are
// many. They are always the last of Log.pending, so that the order on disk is that of the numbers.

// deferState is what waits to be written. Guarded by Log.mu.
type deferState struct {
	written uint64 // number of the last cut that is in the segment; those behind it wait
	bytes   int64  // that the cuts that wait would take
}

// mayWait reports whether a cut may be written later: all of its records must allow it.
func (l *Log) mayWait(c *cut) bool {
	if l.opts.Durability == Strict || c.hurry || c.now {
		return false
	}
	return !slices.ContainsFunc(c.records, func(r *Record) bool { return !r.Defer })
}

// waiting is where in pending the cuts begin that wait to be written. The caller holds mu.
func (l *Log) waiting() int {
	n := len(l.pending)
	for n > 0 && l.pending[n-1].number > l.deferred.written {
		n--
	}
	return n
}

// writeDeferred writes what waits. If that fails, it waits as before, and what comes back is what to wait for
// before trying again. The caller has the turn.
func (l *Log) writeDeferred() <-chan struct{} {
	c := l.joinDeferred()
	if c == nil {
		return nil
	}
	return l.put(c, func(size int64) {
		l.synced.unsynced += size - c.size
		c.size = size
		l.deferred = deferState{written: c.number}
	})
}

// postpone gives c to cursors and lets its bytes wait, unless many do. The caller has the turn.
func (l *Log) postpone(c *cut) {
	l.mu.Lock()
	l.publish(c)
	l.deferred.bytes += c.size
	full := l.deferred.bytes >= deferredBytes
	l.mu.Unlock()
	if full {
		l.writeDeferred() // c is appended all the same: if this fails, repair writes it
	}
}

// joinDeferred puts one cut in the place of all that wait, and returns it; nil if none does. The caller has the turn.
func (l *Log) joinDeferred() *cut {
	l.mu.Lock()
	parts := slices.Clone(l.pending[l.waiting():])
	l.mu.Unlock()
	if len(parts) == 0 {
		return nil
	}
	if len(parts) == 1 {
		return parts[0]
	}
	whole := l.join(parts)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending[:l.waiting()], whole)
	l.synced.unsynced += whole.size - l.deferred.bytes
	l.deferred.bytes = whole.size
	for _, c := range parts {
		for _, r := range c.records {
			r.State = nil // the joint cut has it
		}
	}
	return whole
}

// join makes one cut of several that follow each other.
func (l *Log) join(parts []*cut) *cut {
	last := parts[len(parts)-1]
	whole := &cut{number: last.number, at: parts[0].at}
	var state []Entry
	var rest []*Record
	for _, c := range parts {
		whole.docs += c.docs
		for _, r := range c.records {
			state = append(state, r.State...)
			if r.Count > 0 {
				rest = append(rest, r)
			}
		}
	}
	for len(rest) > 0 {
		r, n := l.merge(rest)
		whole.records = append(whole.records, r)
		rest = rest[n:]
	}
	if len(whole.records) == 0 {
		whole.records = []*Record{{First: last.records[0].First}}
	}
	whole.records[len(whole.records)-1].State = newest(state)
	for _, r := range whole.records {
		whole.size += r.size()
	}
	return whole
}

// merge makes one record of as many of the first as go together, and says how many these are. If none do, it is a
// copy of the first. State is left out.
func (l *Log) merge(records []*Record) (*Record, int) {
	first := *records[0]
	first.State = nil
	if l.opts.Merge == nil || len(records) == 1 {
		return &first, 1
	}
	index, body, n, err := l.opts.Merge(records)
	if err != nil {
		l.opts.Logger.Warn("merging records failed", "error", err)
	}
	if err != nil || n < 2 || n > len(records) {
		return &first, 1
	}
	whole, size := first, int64(0)
	whole.Index, whole.Body, whole.Count = index, body, 0
	for _, r := range records[:n] {
		whole.Count += r.Count
		whole.MinTime, whole.MaxTime = min(whole.MinTime, r.MinTime), max(whole.MaxTime, r.MaxTime)
		size += r.size()
	}
	if whole.size() > size {
		return &first, 1 // there is room for the parts, and for no more
	}
	return &whole, n
}

// newest is the last entry of each key.
func newest(entries []Entry) []Entry {
	last := make(map[string]int, len(entries))
	for i, e := range entries {
		last[e.Key] = i
	}
	var out []Entry
	for i, e := range entries {
		if last[e.Key] == i {
			out = append(out, e)
		}
	}
	return out
}
