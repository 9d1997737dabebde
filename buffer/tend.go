package buffer

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// tend is the tender: it does what is due, and sleeps until more is.
func (l *Log) tend() {
	defer close(l.done)
	if err := l.makeBallast(); err != nil {
		l.opts.Logger.Warn("making ballast failed", "error", err)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-l.stop:
			return
		case f := <-l.calls:
			f()
		case <-l.kick:
		case <-timer.C:
		}
		l.repair()
		if l.syncDue(time.Now()) {
			l.commit()
		}
		l.roll()
		l.saveCursors(time.Now())
		l.trim()
		timer.Reset(l.idle(time.Now()))
	}
}

// idle is how long nothing will be due.
func (l *Log) idle(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	due := now.Add(time.Minute) // ages move
	if l.health.suspended {
		due = earlier(due, l.health.retryAt)
	} else {
		due = earlier(due, l.syncAt())
	}
	if l.room.needed > 0 {
		due = earlier(due, now.Add(probeInterval))
	}
	for _, t := range l.tracks {
		due = earlier(due, t.saveAt())
	}
	return max(due.Sub(now), 0)
}

// earlier is the earlier of two times, of which b may be zero for never.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// syncAt is when the log is to be synced; zero if nothing waits. The caller holds mu.
func (l *Log) syncAt() time.Time {
	if len(l.pending) == 0 {
		return time.Time{}
	}
	limit := int64(groupBytes)
	if l.opts.Durability == Relaxed {
		limit = relaxedBytes
	}
	first := l.pending[0].at
	if l.synced.now || l.opts.Durability == Strict || l.synced.unsynced >= limit {
		return first
	}
	due := first.Add(lazyDelay)
	var bytes int64
	for _, c := range l.pending {
		bytes += c.size
		switch {
		case c.now:
			return first
		case c.hurry, bytes >= hurryBytes && l.opts.Durability == Group:
			return earlier(due, c.at.Add(hurryDelay))
		}
	}
	return due
}

func (l *Log) syncDue(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.syncAt()
	return !l.health.suspended && !at.IsZero() && !at.After(now)
}

// commit writes what waits and syncs what is written.
func (l *Log) commit() bool {
	l.mu.Lock()
	l.synced.now = false // who asks from here on is for the next time
	deferred := l.deferred.bytes > 0
	l.mu.Unlock()
	if deferred {
		<-l.turn
		wait := l.writeDeferred()
		l.turn <- struct{}{}
		if wait != nil {
			return false
		}
	}
	return l.sync()
}

// sync syncs what is written. It needs no turn: appends go on meanwhile.
func (l *Log) sync() bool {
	l.mu.Lock()
	s, size, cut := l.active(), l.active().size, l.deferred.written
	l.mu.Unlock()
	start := time.Now()
	if err := l.file.Sync(); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.fail(fmt.Errorf("sync segment %s: %w", s.name, err), true)
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counters.synced(time.Since(start))
	l.markSynced(cut, size)
	return true
}

// markSynced takes note that the active segment is on disk up to size, and with it all up to the cut. The
// caller holds mu.
func (l *Log) markSynced(number uint64, size int64) {
	n := 0
	for n < len(l.pending) && l.pending[n].number <= number {
		c := l.pending[n]
		for _, r := range c.records {
			l.state.apply(r.State)
			r.State = nil // the map has it; cursors have no use for it
		}
		l.synced.unsynced -= c.size
		l.synced.seq += c.docs
		n++
	}
	l.pending = slices.Delete(l.pending, 0, n)
	l.synced.cut = max(l.synced.cut, number)
	l.active().synced = size
	l.health.failures = 0
	l.hot.evict(l.opts.HotBytes, l.synced.cut)
	l.news.raise()
	l.settled.raise()
}

// roll starts a new segment if the active one is full.
func (l *Log) roll() {
	l.mu.Lock()
	wanted := l.synced.roll && !l.health.suspended
	l.synced.roll = false
	if wanted {
		l.synced.now = false // all is synced on the way
	}
	l.mu.Unlock()
	if !wanted {
		return
	}
	<-l.turn
	defer func() { l.turn <- struct{}{} }()
	if l.writeDeferred() != nil || !l.sync() {
		return
	}
	if err := l.startSegment(); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.fail(err, false)
	}
}

// finish is the end of Close: the last sync, and the cursors' places. The tender has ended, so that it may use
// what is the tender's.
func (l *Log) finish() error {
	l.mu.Lock()
	l.health.retryAt = time.Time{}
	l.mu.Unlock()
	l.repair()
	l.mu.Lock()
	dirty, suspended := len(l.pending) > 0, l.health.suspended
	l.mu.Unlock()
	var err error
	if suspended || dirty && !l.commit() {
		err = l.lastError()
	}
	err = errors.Join(err, l.saveAll())
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled.raise()
	return err
}
