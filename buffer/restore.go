package buffer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/renthub/sluice/internal/fsx"
)

// newestSnapshot returns the newest snapshot that can be read, and the index of its segment; -1 if there is none.
func newestSnapshot(fsys fsx.FS, dir string, segments []*segment) (snapshot, int) {
	for i := len(segments) - 1; i >= 0; i-- {
		if s, err := readSnapshot(fsys, dir, segments[i]); err == nil {
			return s, i
		}
	}
	return snapshot{}, -1
}

// restoreState is the state that a folder holds: the newest snapshot and all that was written behind it.
func restoreState(fsys fsx.FS, dir string, segments []*segment) (stateMap, error) {
	snap, at := newestSnapshot(fsys, dir, segments)
	state := stateMap{}
	state.apply(snap.state)
	for _, s := range segments[max(at, 0):] {
		f, err := fsys.OpenFile(filepath.Join(dir, s.name), os.O_RDONLY, 0)
		if err != nil {
			return nil, err
		}
		r := newSegmentReader(f, s.salt, s.recordsAt(), s.size)
		eachCut(r, func(entries []Entry) bool {
			state.apply(entries)
			return true
		})
		f.Close()
		if r.err != nil {
			return nil, r.err
		}
	}
	return state, nil
}

// eachCut calls f with the state of each cut that is whole, until it returns false. The reader is then behind the cut.
func eachCut(r *segmentReader, f func(entries []Entry) bool) {
	var entries []Entry
	next := uint16(0) // the record of the cut that is to come
	for r.off < r.end {
		h, ok := r.header()
		if !ok {
			r.resync()
			next, entries = 0, nil
			continue
		}
		payload := r.payload(&h)
		if h.cutIndex == 0 {
			next, entries = 0, nil
		}
		if h.cutIndex != next || !h.stateOK(payload) || !h.documentsOK(payload) {
			next, entries = 0, nil
			continue
		}
		next++
		part, err := decodeEntries(append([]byte(nil), payload[:h.stateLen]...))
		if err != nil {
			next, entries = 0, nil
			continue
		}
		entries = append(entries, part...)
		if h.lastOfCut() {
			if !f(entries) {
				return
			}
			next, entries = 0, nil
		}
	}
}

// loadTracks reads every cursor file, and takes from the newest snapshot those whose file is lost.
func (l *Log) loadTracks() error {
	saved, foreign, err := readCursors(l.fs, l.cursorDir())
	if err != nil {
		return err
	}
	for _, name := range foreign {
		l.recovery.Foreign = append(l.recovery.Foreign, filepath.Join(cursorsName, name))
	}
	snap, _ := newestSnapshot(l.fs, l.opts.Dir, l.segments)
	l.dropTombstones(saved, snap)
	for i := range snap.cursors {
		c := &snap.cursors[i]
		if _, ok := saved[c.name]; !ok {
			l.opts.Logger.Warn("cursor file is lost, taking the last snapshot's", "cursor", c.name)
			saved[c.name] = &loadedCursor{savedCursor: *c}
		}
	}
	for _, name := range sortedKeys(saved) {
		if !saved[name].forgotten {
			l.tracks[name] = l.newTrack(saved[name])
		}
	}
	return nil
}

// dropTombstones removes the files of forgotten cursors that no snapshot would bring back.
func (l *Log) dropTombstones(saved map[string]*loadedCursor, snap snapshot) {
	for name, c := range saved {
		named := slices.ContainsFunc(snap.cursors, func(s savedCursor) bool { return s.name == name })
		if !c.forgotten || named {
			continue
		}
		if err := l.removeIfThere(filepath.Join(l.cursorDir(), cursorFileName(name))); err != nil {
			l.opts.Logger.Warn("removing forgotten cursor failed", "cursor", name, "error", err)
		}
	}
}

// loadedCursor is a cursor, and where in its file it stands.
type loadedCursor struct {
	savedCursor
	counter uint64
	slot    int64
	onDisk  bool
}

// newTrack is the track of a saved cursor. Nobody has opened it yet.
func (l *Log) newTrack(c *loadedCursor) *track {
	t := &track{name: c.name, taken: c.taken, dropped: c.dropped, damaged: c.damaged}
	t.file = &cursorFile{fs: l.fs, path: filepath.Join(l.cursorDir(), cursorFileName(c.name)), counter: c.counter}
	if c.onDisk {
		t.file.slot = 1 - c.slot
		if err := t.file.reopen(); err != nil {
			l.opts.Logger.Warn("opening cursor failed", "cursor", c.name, "error", err)
		}
	}
	t.dirty = true // what was read may be the kernel's only: it counts as durable once it is synced again
	return t
}

// readCursors reads the cursor files of a folder, by cursor name, and lists the files that are none.
func readCursors(fsys fsx.FS, dir string) (map[string]*loadedCursor, []string, error) {
	entries, err := fsys.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list cursors: %w", err)
	}
	out := map[string]*loadedCursor{}
	var foreign []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), tmpSuffix) {
			continue // a cursor file that was being made
		}
		c, err := readCursor(fsys, dir, e.Name())
		if errors.Is(err, ErrVersion) {
			return nil, nil, err
		}
		if err != nil {
			foreign = append(foreign, e.Name())
			continue
		}
		out[c.name] = c
	}
	return out, foreign, nil
}

func readCursor(fsys fsx.FS, dir, name string) (*loadedCursor, error) {
	data, err := fsx.ReadFile(fsys, filepath.Join(dir, name), 2*slotSize)
	if err != nil {
		return nil, err
	}
	c, counter, slot, err := decodeCursorFile(data)
	if err != nil {
		return nil, err
	}
	if cursorFileName(c.name) != name {
		return nil, errSlot
	}
	return &loadedCursor{savedCursor: c, counter: counter, slot: slot, onDisk: true}, nil
}
