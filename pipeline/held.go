package pipeline

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/renthub/sluice/buffer"
)

const (
	heldTargets  = 32                     // logs that one output may have
	heldSize     = 256 << 20              // of one of them; then the output waits
	heldRest     = 1 << 20                // so few bytes that more need not be added, if the target is well
	heldSync     = 5 * time.Second        // for a sync, at the shutdown
	heldInterval = 200 * time.Millisecond // between two looks at whether a target is well again
)

var errManyHeld = errors.New("too many targets are in trouble to hold the documents of one more")

// Held keeps the documents of targets that are in trouble, so that the other
// targets of the same destination can go on. Each such target has a log of its
// own, with a delivery of its own that goes on trying. Once that delivery
// succeeds and its log is empty, the log goes and the target's documents go the
// straight way again. What is held outlives the agent, and goes to the target
// that the config of the next start says.
type Held struct {
	dir     string // of this output
	logger  *slog.Logger
	deliver func(*buffer.Cursor) *Delivery
	run     context.Context // of all deliveries; set by resume
	running sync.WaitGroup

	mu      sync.Mutex
	targets map[string]*heldTarget // guarded by mu
}

// heldTarget is one target in trouble.
type heldTarget struct {
	name  string
	dir   string
	since time.Time

	opened   chan struct{} // closed when the fields below are set
	err      error
	log      *buffer.Log
	cursor   *buffer.Cursor
	delivery *Delivery

	putting int           // guarded by Held.mu: calls of put that are not done
	gate    chan struct{} // guarded by Held.mu: if not nil, the target is well and put waits for it to be closed
}

// newHeld returns the held documents of an output, in a folder that need not be.
func newHeld(dir string, logger *slog.Logger, deliver func(*buffer.Cursor) *Delivery) *Held {
	return &Held{dir: dir, logger: logger, deliver: deliver, targets: map[string]*heldTarget{}}
}

// has reports whether documents of a target are held.
func (h *Held) has(target string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.targets[target] != nil
}

// any reports whether documents of any target are held.
func (h *Held) any() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.targets) > 0
}

// put writes records of a target to its log and returns true once they are on
// disk. It returns false if the target is well: then they are to be sent. If
// none of its documents are held yet, it begins only if it is to.
func (h *Held) put(ctx context.Context, target string, records []*buffer.Record, begin bool) (bool, error) {
	for {
		t, gate, err := h.enter(target, begin)
		switch {
		case err != nil:
			return false, fmt.Errorf("hold documents of %s: %w", target, err)
		case gate != nil:
			select {
			case <-gate:
				continue
			case <-ctx.Done():
				return false, ctx.Err()
			}
		case t == nil:
			return false, nil
		}
		err = t.append(ctx, records)
		h.mu.Lock()
		t.putting--
		h.mu.Unlock()
		if err != nil {
			return false, fmt.Errorf("hold documents of %s: %w", target, err)
		}
		return true, nil
	}
}

// enter returns a target that is open, with its count of puts raised.
func (h *Held) enter(target string, begin bool) (t *heldTarget, gate <-chan struct{}, err error) {
	h.mu.Lock()
	t = h.targets[target]
	made := t == nil && begin
	switch {
	case t == nil && !begin:
		h.mu.Unlock()
		return nil, nil, nil
	case t == nil && len(h.targets) >= heldTargets:
		h.mu.Unlock()
		return nil, nil, errManyHeld
	case made:
		t = h.newTarget(target, filepath.Join(h.dir, folderName(target)))
	case t.gate != nil:
		gate = t.gate
		h.mu.Unlock()
		return nil, gate, nil
	}
	t.putting++
	h.mu.Unlock()
	if made {
		h.logger.Warn("target is in trouble, its documents are held on disk while the others go on", "target", target)
		h.open(t)
	}
	<-t.opened
	return t, nil, t.err
}

// newTarget is a target that is not open yet. The caller holds mu.
func (h *Held) newTarget(name, dir string) *heldTarget {
	t := &heldTarget{name: name, dir: dir, since: time.Now(), opened: make(chan struct{})}
	h.targets[name] = t
	return t
}

// folderName is a target's name as a folder can have it.
func folderName(target string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, target)
	hash := fnv.New64a()
	hash.Write([]byte(target))
	return fmt.Sprintf("%.60s-%016x", safe, hash.Sum64())
}

// open opens the log of a target and lets it be delivered.
func (h *Held) open(t *heldTarget) {
	defer close(t.opened)
	if t.log == nil {
		t.log, t.err = h.openLog(t.dir)
	}
	if t.err == nil {
		t.cursor, t.err = t.log.Cursor(t.name, buffer.CursorOptions{From: buffer.Oldest})
	}
	if t.err != nil {
		if t.log != nil {
			t.err = errors.Join(t.err, t.log.Close())
		}
		h.mu.Lock()
		delete(h.targets, t.name)
		h.mu.Unlock()
		return
	}
	t.delivery = h.deliver(t.cursor)
	h.running.Go(func() { h.tend(h.run, t) })
}

func (h *Held) openLog(dir string) (*buffer.Log, error) {
	return buffer.Open(buffer.Options{
		Dir: dir, Logger: h.logger, MaxSize: heldSize, SegmentSize: heldSize / 32, HotBytes: 256 << 10, MinFree: -1, Ballast: -1,
	})
}

// append returns once records are on disk. What was appended is waited for even
// if ctx ends, or it would be sent twice after the next start.
func (t *heldTarget) append(ctx context.Context, records []*buffer.Record) error {
	ticket, err := t.log.Append(ctx, records)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), heldSync)
	defer cancel()
	return ticket.Wait(ctx)
}

// resume goes on with what a run before this one left. It is called once,
// before anything is put. All deliveries end with ctx.
func (h *Held) resume(ctx context.Context) {
	h.run = ctx
	folders, err := os.ReadDir(h.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		h.logger.Error("held documents cannot be read", "error", err)
	}
	for _, f := range folders {
		dir := filepath.Join(h.dir, f.Name())
		log, err := h.openLog(dir)
		if err != nil {
			h.logger.Error("held documents cannot be read", "folder", dir, "error", err)
			continue
		}
		names := log.Orphans()
		if len(names) == 0 { // it was not yet, or no longer, in use
			h.remove(dir, log)
			continue
		}
		h.mu.Lock()
		t := h.newTarget(names[0].Name, dir)
		h.mu.Unlock()
		t.log = log
		h.open(t)
	}
}

// tend delivers what is held for a target until there is nothing more, or ctx
// ends.
func (h *Held) tend(ctx context.Context, t *heldTarget) {
	run, cancel := context.WithCancel(ctx)
	var delivering sync.WaitGroup
	delivering.Go(func() { t.delivery.Run(run, nil) })
	tick := time.NewTicker(heldInterval)
	defer tick.Stop()
	empty := false
	for !empty && ctx.Err() == nil {
		select {
		case <-tick.C:
			empty = h.look(t)
		case <-ctx.Done():
		}
	}
	cancel()
	delivering.Wait()
	if err := t.cursor.Close(); err != nil {
		h.logger.Error("closing held documents failed", "target", t.name, "error", err)
	}
	if empty {
		h.remove(t.dir, t.log)
		h.forget(t)
	} else if err := t.log.Close(); err != nil {
		h.logger.Error("closing held documents failed", "target", t.name, "error", err)
	}
}

// look says by how the target does whether more is put to what is held, and
// reports whether nothing is held any more, and nothing will be.
func (h *Held) look(t *heldTarget) (empty bool) {
	well := t.delivery.state.well()
	h.mu.Lock()
	defer h.mu.Unlock()
	c := t.cursor.Stats()
	empty = t.putting == 0 && c.Pending == 0
	switch {
	case t.gate == nil && (empty || well && c.Bytes < heldRest):
		t.gate = make(chan struct{})
	case t.gate != nil && !empty && !well:
		close(t.gate)
		t.gate = nil
	}
	return empty
}

// forget makes a target as any other again.
func (h *Held) forget(t *heldTarget) {
	h.logger.Info("target takes documents again, none are held any more", "target", t.name, "held_for", time.Since(t.since).Round(time.Second))
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.targets, t.name)
	close(t.gate)
}

func (h *Held) remove(dir string, log *buffer.Log) {
	if err := errors.Join(log.Close(), os.RemoveAll(dir)); err != nil {
		h.logger.Error("removing the folder of held documents failed", "folder", dir, "error", err)
	}
}

// wait returns once nothing runs any more, after the end of resume's context.
func (h *Held) wait() { h.running.Wait() }

// HeldStatus is a target in trouble.
type HeldStatus struct {
	Target    string    `json:"target"`
	Since     time.Time `json:"since"`
	Documents uint64    `json:"documents"`
	Bytes     int64     `json:"bytes"`
	Oldest    int64     `json:"oldest_ms"` // time of the oldest
	State     string    `json:"state"`     // as OutputStatus.State
	Error     string    `json:"error,omitempty"`
}

// status lists the targets in trouble, by name.
func (h *Held) status() []HeldStatus {
	h.mu.Lock()
	all := make([]*heldTarget, 0, len(h.targets))
	for _, t := range h.targets {
		all = append(all, t)
	}
	h.mu.Unlock()
	var list []HeldStatus
	for _, t := range all {
		select {
		case <-t.opened:
		default:
			continue
		}
		if t.err == nil {
			s := t.delivery.status()
			list = append(list, HeldStatus{Target: t.name, Since: t.since, Documents: s.Pending, Bytes: s.Bytes, Oldest: s.Oldest, State: s.State, Error: s.Error})
		}
	}
	slices.SortFunc(list, func(a, b HeldStatus) int { return strings.Compare(a.Target, b.Target) })
	return list
}
