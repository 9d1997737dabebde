package buffer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// Cursor hands the records of the log to one output, in order, and remembers what the output has. One goroutine
// at a time may call Next and TryNext; the other methods may be called concurrently with anything.
type Cursor struct {
	log   *Log
	track *track

	closed bool   // guarded by Log.mu
	next   uint64 // guarded by Log.mu: sequence of the next document to hand out

	reading sync.Mutex // held by Next while it reads from disk; Close takes it to let go of the file
	disk    place      // guarded by reading
}

// Item is a record as a cursor hands it out. It is shared and read-only, and has no State.
type Item struct {
	Record
	Taken []Range // documents of it that the output has already, or was handed before: skip them
}

// Cursor opens the cursor of an output. It begins where the output was, or, if the name was never seen, where o
// says. A name can be open only once.
func (l *Log) Cursor(name string, o CursorOptions) (*Cursor, error) {
	if name == "" || len(name) > maxCursorName {
		return nil, fmt.Errorf("open cursor: a name has 1 to %d bytes", maxCursorName)
	}
	var c *Cursor
	var err error
	if e := l.call(func() { c, err = l.openCursor(name, o) }); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, fmt.Errorf("open cursor %q: %w", name, err)
	}
	return c, nil
}

// openCursor is Cursor, in the tender.
func (l *Log) openCursor(name string, o CursorOptions) (*Cursor, error) {
	l.mu.Lock()
	t := l.tracks[name]
	if t != nil && t.open {
		l.mu.Unlock()
		return nil, errors.New("it is open already")
	}
	old := l.tracks[o.RenamedFrom]
	isNew := t == nil
	if isNew {
		t = l.firstTrack(name, o, old)
	}
	l.mu.Unlock()
	if isNew && !o.Volatile {
		if err := l.save(t, true); err != nil {
			return nil, errors.Join(err, t.file.close())
		}
	}
	l.mu.Lock()
	t.open, t.onFull = true, o.OnFull
	t.flight = nil
	l.tracks[name] = t
	c := &Cursor{log: l, track: t, next: t.taken.prefix}
	l.mu.Unlock()
	if isNew && old != nil && !old.open {
		return c, l.forget(o.RenamedFrom)
	}
	return c, nil
}

// firstTrack is the track of a name that was never seen. The caller holds mu.
func (l *Log) firstTrack(name string, o CursorOptions, old *track) *track {
	t := &track{name: name, volatile: o.Volatile, dirty: !o.Volatile}
	t.file = &cursorFile{fs: l.fs, path: filepath.Join(l.cursorDir(), cursorFileName(name))}
	switch {
	case old != nil && !old.open:
		t.taken = old.taken.clip(l.next)
		t.dropped, t.damaged = old.dropped, old.damaged
	case o.From == Oldest:
		t.taken.prefix = l.segments[0].first
	default:
		t.taken.prefix = l.next
	}
	l.addJumps(t)
	return t
}

// Next returns the next record that this cursor was not handed and that the output does not have. It blocks until
// there is one. Documents that cannot be read any more are counted, reported and passed over; if reading fails for
// another reason, such as too many open files, it tries again each second. The error is ctx's, or ErrClosed.
func (c *Cursor) Next(ctx context.Context) (*Item, error) {
	for {
		item, wait, err := c.step(ctx)
		switch {
		case item != nil, errors.Is(err, ErrClosed), ctx.Err() != nil:
			return item, err
		case err != nil:
			c.log.opts.Logger.Warn("reading log failed", "cursor", c.track.name, "error", err)
			retry := time.NewTimer(probeInterval)
			select {
			case <-retry.C:
			case <-ctx.Done():
			}
			retry.Stop()
		default:
			select {
			case <-wait:
			case <-ctx.Done():
			}
		}
	}
}

// TryNext is Next for a caller that does not want to wait: it returns nil and no error if there is none now.
func (c *Cursor) TryNext() (*Item, error) {
	item, _, err := c.step(context.Background())
	return item, err
}

// step returns an item, or a channel to wait on.
func (c *Cursor) step(ctx context.Context) (*Item, <-chan struct{}, error) {
	for ctx.Err() == nil {
		item, wait, fromDisk, err := c.fromMemory()
		if err != nil || item != nil || wait != nil {
			return item, wait, err
		}
		if fromDisk {
			c.reading.Lock()
			item, err = c.fromDisk()
			c.reading.Unlock()
			if item != nil || err != nil {
				return item, nil, err
			}
		}
	}
	return nil, nil, ctx.Err()
}

// fromMemory looks for the next record in memory. If nothing comes back, the caller is to read from disk if it
// says so, and to ask again.
func (c *Cursor) fromMemory() (item *Item, wait <-chan struct{}, fromDisk bool, err error) {
	l := c.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed || l.closed {
		return nil, nil, false, ErrClosed
	}
	c.next = max(c.next, c.track.taken.prefix)
	if c.next >= l.next {
		return nil, l.news.wait(), false, nil
	}
	if c.next < l.hot.first(l.next) {
		return nil, nil, true, nil
	}
	rec, ok := l.hot.find(c.next)
	if !ok {
		return nil, l.news.wait(), false, nil
	}
	if rec.record.Introduces && rec.cut > l.synced.cut {
		return nil, l.news.wait(), false, nil
	}
	return c.hand(rec.record), nil, false, nil
}

// hand makes an item of a record, or nil if the output has all of it. The caller holds Log.mu.
func (c *Cursor) hand(r *Record) *Item {
	first, end := r.First, r.First+uint64(r.Count)
	from := max(first, min(c.next, end)) // what is before it was handed out from memory, before it was merged
	c.next = max(c.next, end)
	t := c.track
	taken := t.taken.within(from, end)
	if taken == end-from {
		return nil
	}
	item := &Item{Record: *r}
	item.State = nil
	if from > first {
		item.Taken = append(item.Taken, Range{first, from - first})
	}
	if taken > 0 {
		item.Taken = append(item.Taken, t.taken.ranges(from, end)...)
	}
	t.flight = append(t.flight, flight{from, end, r.MinTime, int64(len(r.Index) + len(r.Body))})
	return item
}

// Ack says that the output has count documents from first on, or never will need them: they were taken, or
// written to the dead letters and those synced, or are not meant for it. Any order will do.
func (c *Cursor) Ack(first, count uint64) {
	l := c.log
	l.mu.Lock()
	defer l.mu.Unlock()
	t := c.track
	before := t.taken.prefix
	wasDirty := t.dirty
	if len(t.late) > 0 {
		t.arrived(first, first+count)
	}
	t.add(first, min(first+count, l.next))
	if !wasDirty && t.dirty && !t.volatile || l.leavesOldest(before, t.taken.prefix) {
		l.wake()
	}
}

// leavesOldest reports whether a cursor that moves from one place to another lets go of a segment. The caller
// holds mu.
func (l *Log) leavesOldest(from, to uint64) bool {
	return len(l.segments) > 1 && from < l.segments[1].base && to >= l.segments[1].base
}

// Close saves the cursor's place. Its data stays until the name is opened again or forgotten.
func (c *Cursor) Close() error {
	l := c.log
	var err error
	e := l.call(func() {
		l.mu.Lock()
		was := c.closed
		c.closed = true
		c.track.open = c.track.open && was
		c.track.closedAt = time.Now()
		l.news.raise()
		if c.track.volatile && !was {
			delete(l.tracks, c.track.name)
		}
		l.mu.Unlock()
		if !was && !c.track.volatile {
			err = l.save(c.track, true)
		}
	})
	c.reading.Lock()
	defer c.reading.Unlock()
	c.disk.leave()
	return errors.Join(e, err)
}

// OrphanStats is a cursor that no output of this run has opened.
type OrphanStats struct {
	Name    string
	Pending uint64 // documents that it keeps
	Bytes   int64
}

// Orphans lists the cursors that no output has opened. They keep their data until they are forgotten, the time
// of history has passed, or room is needed.
func (l *Log) Orphans() []OrphanStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []OrphanStats
	for _, name := range sortedKeys(l.tracks) {
		if t := l.tracks[name]; !t.open && !t.volatile {
			docs, bytes := l.pendingOf(t)
			out = append(out, OrphanStats{name, docs, bytes})
		}
	}
	return out
}

// Forget lets go of an orphan and of what only it keeps.
func (l *Log) Forget(name string) error {
	var err error
	if e := l.call(func() { err = l.forget(name) }); e != nil {
		return e
	}
	return err
}

// forget is Forget, in the tender. The file stays and says so: the newest snapshot still names the cursor.
func (l *Log) forget(name string) error {
	l.mu.Lock()
	t := l.tracks[name]
	if t == nil || t.open {
		l.mu.Unlock()
		return fmt.Errorf("forget cursor %q: it is no orphan", name)
	}
	c := l.saved(t)
	l.mu.Unlock()
	c.forgotten = true
	err := t.file.write(&c)
	if err == nil {
		err = t.file.sync()
	}
	if err = errors.Join(err, t.file.close()); err != nil {
		return fmt.Errorf("forget cursor %q: %w", name, err)
	}
	l.mu.Lock()
	delete(l.tracks, name)
	l.mu.Unlock()
	l.wake()
	return nil
}

// oldestTime is the time of the oldest document that waits, Unix ms; zero if none does. The caller holds mu.
func (l *Log) oldestTime(t *track) int64 {
	if t.taken.prefix >= l.next {
		return 0
	}
	if len(t.flight) > 0 && t.flight[0].first <= t.taken.prefix {
		return t.flight[0].time
	}
	if r, ok := l.hot.find(t.taken.prefix); ok {
		return r.record.MinTime
	}
	for _, s := range l.segments {
		if s.end > t.taken.prefix {
			if s.minTime > s.maxTime || s.minTime < 0 {
				return s.created
			}
			return s.minTime
		}
	}
	return time.Time{}.UnixMilli()
}
