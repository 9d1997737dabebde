package tail

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/fsnotify/fsnotify"

	"github.com/renthub/sluice/inputs"
)

// The pace of the scanner.
const (
	drainMost  = 4096 // events that are taken at a beat
	drainTurns = 16   // turns that the watcher gets to read more
	pollSlices = 8    // known files are looked at in so many parts, so that idling costs little at once
)

// scanner finds the files and knows which generation each of them is. It runs in one goroutine; it reads no lines.
type scanner struct {
	t     *Tailer
	watch *watches
	scan  uint64 // counts up

	byID     map[fileID]*generation   // those with a body
	byPath   map[string]*generation   // those with a name
	byTarget map[string]*generation   // those whose name is a link, by where it leads to
	gone     map[*generation]struct{} // those that lost their name and are read to the end
	bodiless map[*generation]struct{} // those whose content was not found yet
	kin      map[string][]*generation // those with a body, by what they are and were called, without .gz
	copies   map[fileID]copyOf        // files that are not read, since they hold what a generation has
	later    map[string]struct{}      // compressed files that are still being written
	unsure   map[string]before        // paths beside which there are such, and what they led to when that was found
	before   map[string]before        // what a name led to last
	finished map[fileID][]ended       // files that were read to their end and given up, and when
	polling  []*generation            // the rest of this round of polling
	first    bool                     // nothing was saved: start_at counts
	started  bool
	dirty    time.Time // when folders are to be listed again, or zero
	next     int       // the worker that gets the next new file
}

// copyOf is a file that was seen to hold the content of another.
type copyOf struct {
	of   *generation
	size int64
}

func newScanner(t *Tailer) *scanner {
	return &scanner{
		t: t, watch: newWatches(t.newWatcher, t.deps.Logger, t.metrics.unwatched),
		byID: map[fileID]*generation{}, byPath: map[string]*generation{}, byTarget: map[string]*generation{},
		gone: map[*generation]struct{}{}, bodiless: map[*generation]struct{}{}, kin: map[string][]*generation{}, copies: map[fileID]copyOf{}, later: map[string]struct{}{}, unsure: map[string]before{},
		before: map[string]before{}, finished: map[fileID][]ended{},
	}
}

// run scans until ctx ends, or once.
func (s *scanner) run(ctx context.Context, saved inputs.Positions) {
	defer s.watch.close()
	s.t.own = findOwn(s.t.deps.OwnPaths)
	s.start(saved)
	if s.t.opts.Once {
		for _, w := range s.t.workers {
			w.inbox.put(order{kind: last})
		}
		return
	}
	s.follow(ctx)
}

// follow waits for whatever may tell of a change.
func (s *scanner) follow(ctx context.Context) {
	events, errs := s.watch.events()
	poll := time.NewTicker(s.t.opts.Poll / pollSlices)
	defer poll.Stop()
	rescan := time.NewTimer(s.rescanIn(0))
	defer rescan.Stop()
	pause := time.NewTimer(time.Hour)
	defer pause.Stop()
	listen := events
	for {
		var spare []report
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-listen:
			if !ok {
				events, listen = nil, nil
				continue
			}
			s.event(ev)
			s.drain(events)
			listen = nil
			pause.Reset(untilBeat(time.Now()))
		case err := <-errs:
			s.watchError(err)
		case <-pause.C:
			listen = events
		case <-s.t.reports.wake:
			spare = s.t.reports.take(spare)
			for _, r := range spare {
				s.answer(r)
			}
		case <-poll.C:
			s.pollSlice()
		case <-rescan.C:
			began := time.Now()
			s.rescan()
			rescan.Reset(s.rescanIn(time.Since(began)))
		}
		if !s.dirty.IsZero() {
			s.dirty = time.Time{}
			rescan.Reset(passPace)
		}
	}
}

// rescanIn is the time to the next listing of all folders. It takes no more than a hundredth of the time.
func (s *scanner) rescanIn(took time.Duration) time.Duration {
	every := s.t.opts.Rescan
	if len(s.watch.polled) > 0 || s.watch.watcher == nil {
		every = min(every, s.t.opts.Poll/2)
	}
	return max(every, min(100*took, time.Minute))
}

// drain handles the events that wait already. The watcher reads more only when its last one was taken: so it gets some turns
// to do so, or what is new would stand behind thousands of writes for many beats.
func (s *scanner) drain(events chan fsnotify.Event) {
	for n, idle := 0, 0; n < drainMost && idle < drainTurns; {
		select {
		case ev := <-events:
			s.event(ev)
			n, idle = n+1, 0
		default:
			runtime.Gosched()
			idle++
		}
	}
}

// event takes a hint.
func (s *scanner) event(ev fsnotify.Event) {
	path := ev.Name
	g := s.byPath[path]
	if g == nil {
		g = s.byTarget[path]
	}
	if g != nil && ev.Op&^(fsnotify.Write|fsnotify.Chmod) == 0 {
		s.tell(g, order{kind: news})
		return
	}
	if ev.Has(fsnotify.Remove | fsnotify.Rename) {
		if s.watch.forget(path) {
			s.dirty = time.Now()
			return
		}
	}
	if g != nil && g.path != path { // the target of a link changed
		path = g.path
	}
	if g != nil || s.names(path) {
		s.see(path)
		return
	}
	if ev.Has(fsnotify.Create) {
		for _, p := range s.t.patterns {
			if p.mayHold(path) && isDir(path) {
				s.dirty = time.Now()
				return
			}
		}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// watchError answers what the system says about its own reports.
func (s *scanner) watchError(err error) {
	if errors.Is(err, fsnotify.ErrEventOverflow) {
		s.t.metrics.overflows.Inc()
		s.rescan()
		for _, g := range s.byPath {
			s.check(g)
		}
		return
	}
	s.t.deps.Logger.Warn("watching folders failed", "error", err)
	s.dirty = time.Now()
}

// rescan lists all folders.
func (s *scanner) rescan() {
	for _, path := range s.list() {
		if g := s.byPath[path]; g != nil && s.started { // its size is polled elsewhere
			g.seen = s.scan
			continue
		}
		s.see(path)
	}
	for path, g := range s.byPath {
		if g.seen != s.scan {
			s.see(path)
		}
	}
	s.expire()
	s.t.metrics.scans.Inc()
}

// list returns the paths that the patterns name, and watches their folders.
func (s *scanner) list() []string {
	s.scan++
	var paths []string
	seen := map[string]bool{}
	for _, p := range s.t.patterns {
		p.walk(
			func(dir string, exists bool) { s.watch.add(dir) },
			func(path string) {
				if !seen[path] && !s.excluded(path) {
					seen[path] = true
					paths = append(paths, path)
				}
			})
	}
	return paths
}

// pollSlice looks at a part of the known files.
func (s *scanner) pollSlice() {
	if len(s.polling) == 0 {
		for _, g := range s.byPath {
			s.polling = append(s.polling, g)
		}
		s.expire()
	}
	n := min(len(s.polling), len(s.byPath)/pollSlices+1)
	for _, g := range s.polling[:n] {
		s.check(g)
	}
	s.polling = s.polling[n:]
	for _, path := range slices.Collect(maps.Keys(s.later)) { // they may come to stand there again
		delete(s.later, path)
		s.see(path)
	}
	for path, last := range maps.Clone(s.unsure) {
		delete(s.unsure, path)
		s.findMissedSince(path, last)
	}
}

// check looks whether g's name still leads to it, and how large it is.
func (s *scanner) check(g *generation) {
	if g.named {
		s.see(g.path)
	}
}

func (s *scanner) tell(g *generation, o order) {
	o.gen = g
	g.w.inbox.put(o)
}

// names reports whether path is to be read.
func (s *scanner) names(path string) bool { return s.patternOf(path) != nil && !s.excluded(path) }

func (s *scanner) patternOf(path string) *pattern {
	for _, p := range s.t.patterns {
		if p.matchesFile(path) {
			return p
		}
	}
	return nil
}

func (s *scanner) excluded(path string) bool {
	path = filepath.ToSlash(path)
	name := path[len(filepath.ToSlash(filepath.Dir(path))):]
	for len(name) > 0 && name[0] == '/' {
		name = name[1:]
	}
	for _, ex := range s.t.opts.Exclude {
		subject := name
		for i := range len(ex) {
			if ex[i] == '/' {
				subject = path
				break
			}
		}
		if doublestar.MatchUnvalidated(ex, subject) {
			return true
		}
	}
	return false
}
