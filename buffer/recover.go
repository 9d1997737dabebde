package buffer

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/fsx"
)

// Recovery says what opening a log found.
type Recovery struct {
	Segments    int
	Bytes       int64    // in all segments
	Scanned     int64    // bytes that had to be read
	Lost        []Lost   // documents that were on disk and are not any more
	Quarantined int64    // damaged bytes that were put aside
	Foreign     []string // files that are not the log's, or not readable as such; they are left alone
	Duration    time.Duration
}

// Lost is a run of documents that are lost, and why. Count may be less than what lies between First and the
// next document: numbers that were only skipped are not counted.
type Lost struct {
	Range
	Segment string // where they were
	Reason  string // a constant phrase
}

const (
	reasonMissing   = "segment is missing"
	reasonDamaged   = "record is damaged"
	reasonTruncated = "records after the last are missing"
)

// found is what a folder holds.
type found struct {
	segments []*segment
	foreign  []string
	broken   []string // named as segments, but with no valid header
	tmp      []string
}

// recover brings the folder to a state from which the log can go on: the valid part of what the last run wrote
// is made durable, and only then a new segment ends it. Each step can be repeated.
func (l *Log) recover() error {
	found, err := listSegments(l.fs, l.opts.Dir)
	if err != nil {
		return err
	}
	for _, name := range found.tmp {
		if err := l.removeIfThere(l.path(name)); err != nil {
			l.opts.Logger.Warn("removing unfinished segment failed", "segment", name, "error", err)
		}
	}
	for _, name := range found.broken {
		l.quarantineFile(name)
	}
	l.segments = found.segments
	l.recovery.Foreign = found.foreign
	if err := l.loadTracks(); err != nil {
		return err
	}
	highest, err := l.link()
	if err != nil {
		return err
	}
	if err := l.adopt(); err != nil {
		return err
	}
	return l.begin(highest)
}

// listSegments reads the names and headers of a folder, and nothing else.
func listSegments(fsys fsx.FS, dir string) (found, error) {
	var out found
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return out, fmt.Errorf("list log folder: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		first, ok := parseSegmentName(name)
		switch {
		case isTmp(name):
			out.tmp = append(out.tmp, name)
			continue
		case !ok || !e.Type().IsRegular():
			if !isOwn(name) {
				out.foreign = append(out.foreign, name)
			}
			continue
		}
		s, err := openSegment(fsys, dir, name)
		switch {
		case errors.Is(err, ErrVersion):
			return out, fmt.Errorf("segment %s: %w", name, err)
		case errors.Is(err, errSegmentHeader):
			out.broken = append(out.broken, name)
		case errors.Is(err, os.ErrNotExist): // removed since we listed it
		case errors.Is(err, errEmpty), err == nil && first != s.first:
			out.foreign = append(out.foreign, name)
		case err != nil:
			return out, fmt.Errorf("segment %s: %w", name, err)
		default:
			out.segments = append(out.segments, s)
		}
	}
	linkSegments(out.segments)
	return out, nil
}

var errEmpty = errors.New("segment is empty")

func openSegment(fsys fsx.FS, dir, name string) (*segment, error) {
	h, size, err := readSegmentHeader(fsys, dir, name)
	if errors.Is(err, errSegmentHeader) && size == 0 {
		return nil, errEmpty
	}
	if err != nil {
		return nil, err
	}
	return &segment{
		segmentHeader: h, name: name, end: h.first, size: size, disk: size, synced: size,
		minTime: math.MinInt64, maxTime: math.MaxInt64,
	}, nil
}

// linkSegments takes from each header where its predecessor ends.
func linkSegments(segments []*segment) {
	for i := 1; i < len(segments); i++ {
		old, s := segments[i-1], segments[i]
		if s.hasPrev && s.prev == old.first {
			old.end, old.size, old.synced, old.sealed = s.base, int64(s.prevEnd), int64(s.prevEnd), true
			old.minTime, old.maxTime = s.prevMin, s.prevMax
		}
	}
}

func isTmp(name string) bool {
	base, ok := strings.CutSuffix(name, tmpSuffix)
	_, seg := parseSegmentName(base)
	return ok && seg
}

func isOwn(name string) bool {
	switch name {
	case lockName, ballastName, cursorsName, quarantineName:
		return true
	}
	return false
}

// link finds the end of each segment that no header states: of the newest, and of those before a gap. It returns
// the highest sequence that anything names.
func (l *Log) link() (uint64, error) {
	proof, highest := uint64(0), uint64(1)
	for _, t := range l.tracks {
		proof = max(proof, t.taken.last())
	}
	highest = max(highest, proof)
	for i, s := range l.segments {
		newest := i == len(l.segments)-1
		highest = max(highest, s.first)
		if !s.sealed {
			seen, err := l.findEnd(s, proof, newest)
			if err != nil {
				return 0, fmt.Errorf("scan segment %s: %w", s.name, err)
			}
			highest = max(highest, seen)
		}
		if i > 0 {
			if lost, ok := missingBetween(l.segments[i-1], s); ok {
				l.recovery.Lost = append(l.recovery.Lost, lost)
			}
		}
		highest = max(highest, s.end)
	}
	return highest, nil
}

// missingBetween counts what was in segments that are gone between two that are there.
func missingBetween(old, s *segment) (Lost, bool) {
	known := old.total + (old.end - old.first)
	if s.base <= old.end || s.total <= known {
		return Lost{}, false
	}
	return Lost{Range{old.end, s.total - known}, segmentName(s.prev), reasonMissing}, true
}

// adopt restores the state and makes what was found of the newest segment durable.
func (l *Log) adopt() error {
	l.recovery.Segments = len(l.segments)
	for _, s := range l.segments {
		l.recovery.Bytes += s.disk
	}
	var err error
	if l.state, err = restoreState(l.fs, l.opts.Dir, l.segments); err != nil {
		return fmt.Errorf("restore state: %w", err)
	}
	if len(l.segments) == 0 {
		return nil
	}
	s := l.active()
	f, err := l.fs.OpenFile(l.path(s.name), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	// A process that was killed leaves its last writes to the kernel. They were read, so they must stay.
	if err := errors.Join(f.Sync(), f.Close(), l.fs.SyncDir(l.opts.Dir)); err != nil {
		return fmt.Errorf("sync segment %s: %w", s.name, err)
	}
	return nil
}

// begin starts the segment of this run. Its numbers begin far behind all that was ever seen, so that none that
// was given to a lost document is given again.
func (l *Log) begin(highest uint64) error {
	h := segmentHeader{first: 1, base: 1, created: l.opts.Now().UnixMilli()}
	if highest > 1 || len(l.segments) > 0 {
		h.first, h.base = highest+sequenceJump, highest
	}
	if len(l.segments) > 0 {
		old := l.active()
		next := succeed(old, old.end)
		next.first, next.created = h.first, h.created
		h = next
	}
	l.next, l.synced.seq = h.first, h.base
	snap := l.snapshot()
	l.synced.seq = h.first
	f, s, err := l.createSegment(h, snap, nil)
	if err != nil {
		return fmt.Errorf("start segment: %w", err)
	}
	if len(l.segments) > 0 {
		old := l.active()
		old.sealed = true
	}
	l.file = f
	l.segments = append(l.segments, s)
	l.counters.written += s.size
	for _, t := range l.tracks {
		l.addJumps(t)
	}
	return nil
}

// quarantineFile moves a file that is no segment any more out of the way.
func (l *Log) quarantineFile(name string) {
	dir := l.path(quarantineName)
	err := fsx.MkdirAll(l.fs, dir, dirPerm)
	var size int64
	if err == nil {
		if info, e := l.fs.Stat(l.path(name)); e == nil {
			size = info.Size()
		}
		err = l.fs.Rename(l.path(name), filepath.Join(dir, name))
	}
	if err == nil {
		err = errors.Join(l.fs.SyncDir(dir), l.fs.SyncDir(l.opts.Dir))
	}
	if err != nil {
		l.opts.Logger.Warn("putting damaged segment aside failed", "segment", name, "error", err)
		l.recovery.Foreign = append(l.recovery.Foreign, name)
		return
	}
	l.recovery.Quarantined += size
}
