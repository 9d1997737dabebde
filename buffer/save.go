package buffer

import (
	"errors"
	"time"
)

// saveCursors writes the cursors that moved, and syncs those that were not synced for a second.
func (l *Log) saveCursors(now time.Time) {
	for _, t := range l.tracksDue(now) {
		if err := l.save(t, now.Sub(t.syncedAt) >= saveSyncInterval); err != nil {
			l.opts.Logger.Warn("saving cursor failed", "cursor", t.name, "error", err)
		}
	}
}

func (l *Log) tracksDue(now time.Time) []*track {
	l.mu.Lock()
	defer l.mu.Unlock()
	var due []*track
	for _, name := range sortedKeys(l.tracks) {
		if at := l.tracks[name].saveAt(); !at.IsZero() && !at.After(now) {
			due = append(due, l.tracks[name])
		}
	}
	return due
}

// saveAll saves and syncs every cursor.
func (l *Log) saveAll() error {
	var err error
	for _, name := range sortedKeys(l.tracks) {
		if t := l.tracks[name]; !t.volatile {
			err = errors.Join(err, l.save(t, true), t.file.close())
		}
	}
	return err
}

// save writes a cursor's place, and syncs it if asked. The caller is the tender.
func (l *Log) save(t *track, sync bool) error {
	now := time.Now()
	l.mu.Lock()
	c, rewrite := l.saved(t), t.dirty
	t.dirty = false // what is acknowledged from here on is for the next time
	l.mu.Unlock()
	var err error
	if rewrite {
		err = t.file.write(&c)
	}
	if err == nil && sync {
		err = t.file.sync()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		t.dirty, t.movedAt = true, now.Add(probeInterval)
		return err
	}
	if rewrite && !t.dirty && t.taken.last() > l.synced.seq {
		t.dirty, t.movedAt = true, now.Add(saveSyncInterval) // what was not synced yet is saved later
	}
	t.unsynced = t.unsynced || rewrite
	if sync {
		t.durable, t.syncedAt = max(t.file.durable[0], t.file.durable[1]), now
		t.unsynced = false
	}
	return nil
}
