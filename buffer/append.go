package buffer

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Ticket stands for a cut that was appended.
type Ticket struct {
	log *Log
	cut uint64
}

// Wait returns nil once all of the cut is on disk, and an error if ctx ends or the log is closed before.
func (t Ticket) Wait(ctx context.Context) error {
	l := t.log
	for {
		l.mu.Lock()
		done, closed, wait := l.synced.cut >= t.cut, l.closed, l.settled.wait()
		l.mu.Unlock()
		if done {
			return nil
		}
		if closed {
			wait = l.ended // the last sync may still do it
		}
		select {
		case <-wait:
			if closed {
				return t.last()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t Ticket) last() error {
	t.log.mu.Lock()
	defer t.log.mu.Unlock()
	if t.log.synced.cut >= t.cut {
		return nil
	}
	return ErrClosed
}

// Append writes the records of one cut back to back and sets their First. It takes ownership of the records
// and their slices. After a crash either all of a cut is there or none, unless the disk was damaged.
//
// It blocks while there is no room: the log has its maximum size and an output that blocks holds the oldest
// segment, the disk is full or failing, or 8 MiB wait to be synced. It returns ctx's error if that ends first;
// then nothing was appended.
func (l *Log) Append(ctx context.Context, records []*Record) (Ticket, error) {
	c, err := newCut(records)
	if err != nil {
		return Ticket{}, err
	}
	for {
		select {
		case <-l.turn:
		case <-ctx.Done():
			return Ticket{}, ctx.Err()
		}
		wait, err := l.admit(c)
		if err == nil && wait == nil {
			wait = l.write(c)
		}
		l.turn <- struct{}{}
		if err != nil {
			return Ticket{}, err
		}
		if wait == nil {
			return Ticket{l, c.number}, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return Ticket{}, ctx.Err()
		}
	}
}

func newCut(records []*Record) (*cut, error) {
	if len(records) == 0 || len(records) > math.MaxUint16 {
		return nil, fmt.Errorf("append %d records: a cut has 1 to %d", len(records), math.MaxUint16)
	}
	c := &cut{records: records}
	for _, r := range records {
		size := r.size()
		if size > maxPayload {
			return nil, fmt.Errorf("append record of %d bytes: the limit is %d", size, maxPayload)
		}
		c.size += size
		c.docs += uint64(r.Count)
		c.hurry = c.hurry || r.Sync
		c.now = c.now || r.Introduces
	}
	if c.docs > maxUnsyncedDocs {
		return nil, fmt.Errorf("append %d documents: a cut has at most %d", c.docs, maxUnsyncedDocs)
	}
	return c, nil
}

// admit returns nil if c may be written now, and otherwise a channel to wait on before asking again. The caller
// has the turn.
func (l *Log) admit(c *cut) (<-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.active()
	more := l.deferred.bytes + c.size
	empty := s.size == s.recordsAt() && l.deferred.bytes == 0
	rolls := !empty && s.size+more > l.opts.SegmentSize
	if rolls {
		more += s.recordsAt() // the head of the next one
	}
	switch {
	case l.closed:
		return nil, ErrClosed
	case l.health.suspended:
	case len(l.pending) > 0 && (l.synced.unsynced+c.size > maxUnsynced || l.next-l.synced.seq+c.docs > maxUnsyncedDocs):
		l.synced.now = true
	case l.overLimit(more) && !(empty && len(l.segments) == 1):
		l.room.needed = more
	case rolls:
		l.synced.roll = true
	default:
		l.room.needed = 0
		return nil, nil
	}
	wait := l.settled.wait()
	l.wake()
	return wait, nil
}

// write gives c its numbers and puts it into the active segment, unless it may wait. If that fails, nothing was
// appended, and it returns what to wait for before trying again. The caller has the turn.
func (l *Log) write(c *cut) <-chan struct{} {
	later := l.mayWait(c)
	if !later {
		if wait := l.writeDeferred(); wait != nil {
			return wait
		}
	}
	l.mu.Lock()
	first := l.next
	l.mu.Unlock()
	for _, r := range c.records {
		r.First = first
		first += uint64(r.Count)
	}
	if later {
		l.postpone(c)
		return nil
	}
	return l.put(c, func(size int64) {
		c.size = size
		l.publish(c)
		l.deferred.written = c.number
	})
}

// put writes c behind what the active segment has, and calls done, with mu held, with its size. If that fails, it
// returns what to wait for before trying again. The caller has the turn.
func (l *Log) put(c *cut, done func(size int64)) <-chan struct{} {
	l.mu.Lock()
	s, at := l.active(), l.active().size
	promise := s.synced
	l.mu.Unlock()

	l.scratch = l.appendCut(l.scratch[:0], c, s.salt, promise)
	_, err := l.file.WriteAt(l.scratch, at)
	size := int64(len(l.scratch))
	if cap(l.scratch) > groupBytes {
		l.scratch = nil
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		s.disk = max(s.disk, at+size)
		l.fail(fmt.Errorf("write segment %s: %w", s.name, err), false)
		l.wake()
		return l.settled.wait()
	}
	s.size += size
	s.disk = max(s.disk, s.size)
	s.end += c.docs
	minTime, maxTime := pendingTimes([]*cut{c})
	s.minTime, s.maxTime = min(s.minTime, minTime), max(s.maxTime, maxTime)
	l.counters.written += size
	done(size)
	return nil
}

func (l *Log) appendCut(dst []byte, c *cut, salt uint64, promise int64) []byte {
	for i, r := range c.records {
		l.stateScratch = appendEntries(l.stateScratch[:0], r.State)
		dst = appendRecord(dst, r, l.stateScratch, salt, uint64(promise), i, len(c.records))
	}
	return dst
}

// publish makes a cut known: to cursors, and to the tender that is to sync it. The caller holds mu.
func (l *Log) publish(c *cut) {
	l.cuts++
	c.number, c.at = l.cuts, time.Now()
	before := l.synced.unsynced
	l.pending = append(l.pending, c)
	l.synced.unsynced += c.size
	for _, r := range c.records {
		l.next += uint64(r.Count)
		if r.Count > 0 {
			l.hot.push(r, c.number)
		}
	}
	l.hot.evict(l.opts.HotBytes, l.synced.cut)
	l.news.raise()
	crossed := func(limit int64) bool { return before < limit && l.synced.unsynced >= limit }
	if before == 0 || c.hurry || c.now || l.opts.Durability == Strict ||
		crossed(hurryBytes) || crossed(groupBytes) || crossed(relaxedBytes) {
		l.wake()
	}
}

func entriesSize(entries []Entry) int64 {
	var n int64
	for _, e := range entries {
		n += int64(len(e.Key)+len(e.Value)) + 10
	}
	return n
}
