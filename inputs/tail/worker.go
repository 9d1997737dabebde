package tail

import (
	"context"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
)

// The pace of reading (the design's "Cut").
const (
	passBytes  = 256 << 10             // what a pass reads in all
	passFiles  = 128                   // and of how many files at most, since each takes a batch
	passPace   = 23 * time.Millisecond // between the beats at which passes begin, unless the one before was full: what p99 allows
	minShare   = 2 << 10
	coldPasses = 4                      // a file that had nothing for so many passes waits for news
	gonePoll   = 250 * time.Millisecond // how often a file without a name is looked at: its events are hard to tell
)

// worker reads its share of the files, in passes.
type worker struct {
	t      *Tailer
	framer *framing.Framer
	emit   inputs.Emit
	inbox  *box[order]
	spare  []order

	queue  []*generation // those that may have news, in the order in which they are read
	turn   []*generation // those of this pass
	timed  []*generation // those with a due time
	cut    []*generation // those with a batch in this pass
	buf    []byte
	opened bodies
	last   bool // no more orders will come
	stats  framing.Stats
	// asked are the names of files that the scanner was asked about in this pass. What followed them waits for the next one: were
	// it saved first, what the scanner finds between them would look old after a crash.
	asked map[string]bool
}

// untilBeat is the time from now to the next beat. The scanner and all workers keep to the same ones, since it costs more to
// wake the process than what each of them then does.
func untilBeat(now time.Time) time.Duration {
	return passPace - time.Duration(now.UnixNano())%passPace
}

// run reads until ctx ends, or, if nothing is followed, until all is read.
func (w *worker) run(ctx context.Context) error {
	defer w.opened.closeAll()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var began time.Time
	full := false
	for {
		w.obey()
		w.wakeDue(time.Now())
		if len(w.queue) == 0 {
			if w.last && len(w.timed) == 0 {
				return nil
			}
			if !w.sleep(ctx, timer) {
				return nil
			}
			continue
		}
		if wait := untilBeat(began) - time.Since(began); !full && wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return nil
			}
			w.obey()
		}
		began = time.Now()
		var err error
		if full, err = w.pass(ctx, began); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// sleep waits for orders or the next due time. It returns false when ctx ends.
func (w *worker) sleep(ctx context.Context, timer *time.Timer) bool {
	if next, ok := w.nextDue(); ok {
		timer.Reset(max(0, time.Until(next)))
	} else {
		timer.Stop()
	}
	select {
	case <-ctx.Done():
		return false
	case <-w.inbox.wake:
	case <-timer.C:
	}
	return true
}

// pass reads a part of each file in the queue and hands over what it found. Full says that there is more.
func (w *worker) pass(ctx context.Context, now time.Time) (full bool, err error) {
	clear(w.asked)
	n := min(len(w.queue), passFiles)
	w.turn = append(w.turn[:0], w.queue[:n]...)
	w.queue = w.queue[:copy(w.queue, w.queue[n:])]
	full = len(w.queue) > 0
	budget := passBytes
	share := max(minShare, passBytes/n)
	more := w.turn[:0]
	for i, g := range w.turn {
		g.queued = false
		if budget <= 0 { // long lines used it up
			w.enqueue(g)
			w.turn[i], full = nil, true
			continue
		}
		n, again := w.read(g, share, now)
		budget -= n
		if again {
			more = append(more, g)
		}
	}
	for _, g := range more { // what others left over
		again := true
		if budget > 0 {
			var n int
			n, again = w.read(g, budget, now)
			budget -= n
		}
		if again {
			w.enqueue(g)
			full = true
		}
	}
	return full, w.handOver(ctx, now)
}

// handOver emits the batches of this pass.
func (w *worker) handOver(ctx context.Context, now time.Time) error {
	w.count()
	if len(w.cut) == 0 {
		return nil
	}
	batches := make([]*event.Batch, len(w.cut))
	read := w.t.deps.Now()
	for i, g := range w.cut {
		b := g.batch
		b.End, b.ReadAt, b.Done = g.end, read.UnixNano(), g.done
		b.State = g.state(read).appendTo(make([]byte, 0, stateSize))
		if b.Len() > 0 {
			g.last = now
			g.publish()
		}
		batches[i], g.batch = b, nil
	}
	if _, err := w.emit(ctx, batches); err != nil {
		return err
	}
	for i, g := range w.cut {
		if g.done {
			w.close(g)
			w.t.reports.put(report{finished, g})
		}
		w.cut[i] = nil
	}
	w.cut = w.cut[:0]
	return nil
}

// touch gives g a batch in this pass.
func (w *worker) touch(g *generation) *event.Batch {
	if g.batch == nil {
		g.batch = w.t.deps.Pool.Get(g.src)
		g.batch.Start = g.end
		w.cut = append(w.cut, g)
	}
	return g.batch
}

// state is what is stored with the generation's position.
func (r *reading) state(now time.Time) state {
	return state{id: r.want, seen: r.seenTo, marks: r.marks, place: r.place, spent: r.spent, read: now}
}

// publish shows the scanner what was read. It does so at once, not when it was taken: a copy may appear at any moment.
func (g *generation) publish() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.end > g.pub.end {
		g.pub.trail[g.pub.steps%len(g.pub.trail)] = step{g.pub.end, g.pub.marks.anchor}
		g.pub.steps++
	}
	g.pub.marks, g.pub.end, g.pub.size, g.pub.last = g.marks, g.end, g.seenTo, g.last
}

// enqueue has g read in the next pass.
func (w *worker) enqueue(g *generation) {
	if !g.queued {
		g.queued = true
		w.queue = append(w.queue, g)
	}
}

// remind has g read at a time, or earlier if it has a due time already.
func (w *worker) remind(g *generation, at time.Time) {
	if g.due.IsZero() {
		w.timed = append(w.timed, g)
		g.due = at
	} else if at.Before(g.due) {
		g.due = at
	}
}

// wakeDue enqueues those whose time has come.
func (w *worker) wakeDue(now time.Time) {
	keep := w.timed[:0]
	for _, g := range w.timed {
		if g.due.After(now) {
			keep = append(keep, g)
			continue
		}
		g.due = time.Time{}
		g.empty = coldPasses // one look, unless there is something
		w.enqueue(g)
	}
	clear(w.timed[len(keep):])
	w.timed = keep
}

func (w *worker) nextDue() (next time.Time, ok bool) {
	for _, g := range w.timed {
		if next.IsZero() || g.due.Before(next) {
			next = g.due
		}
	}
	return next, !next.IsZero()
}

// obey carries out the scanner's orders.
func (w *worker) obey() {
	orders := w.inbox.take(w.spare)
	for i, o := range orders {
		w.carryOut(o)
		orders[i] = order{}
	}
	w.spare = orders
}

func (w *worker) carryOut(o order) {
	g := o.gen
	switch o.kind {
	case last:
		w.last = true
		return
	case adopt:
		w.close(g)
		g.at, g.want, g.waiting, g.goneAt = o.path, o.id, false, time.Time{}
		g.seenTo, g.grewAt = g.end, time.Now()
		if o.body != nil {
			w.keep(g, o.body)
		}
	case moved:
		g.at, g.goneAt = o.path, time.Time{}
	case gone:
		if g.goneAt.IsZero() {
			g.goneAt = time.Now()
		}
	case finish:
		if g.done {
			return
		}
		if o.lost > 0 {
			w.t.metrics.lost.WithLabelValues(o.why).Add(float64(o.lost))
		}
		g.done, g.waiting = true, false
	}
	g.empty = 0
	w.enqueue(g)
}

// count adds what framing dropped to the metrics.
func (w *worker) count() {
	s := w.framer.Stats
	if s == w.stats {
		return
	}
	w.t.metrics.lost.WithLabelValues(lostLine).Add(float64(s.Truncated - w.stats.Truncated))
	w.t.metrics.lost.WithLabelValues(lostNULs).Add(float64(s.NULs - w.stats.NULs))
	w.stats = s
}
