package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// Delivery is the right half of the straight path for one output: it follows
// the log with a cursor of its own, packs what waits into requests, sends them
// and moves the cursor. It never looks at another output.
type Delivery struct {
	Name    string // address of the output, "elasticsearch.main"
	former  string // its address before it was renamed, or ""
	out     outputs.Output
	cursor  *buffer.Cursor
	dead    *DeadLetters // nil: nowhere to put what cannot be taken; it is retried for ever
	logger  *slog.Logger
	wrap    event.Wrap
	wrapID  uint64
	targets outputs.Partitioner // nil if the output has no targets
	held    *Held               // nil if no target is ever set apart
	limits  outputs.Limits
	routes  atomic.Pointer[Routes]
	state   deliveryState

	slots   chan struct{} // one token for each request that is made, sent or waits for its next try
	sends   chan struct{} // one token for each request in flight, those of held documents included
	claims  *claims       // targets that have a request
	waiting []piece       // loaded, not yet in a request; owned by Run
	packers sync.Pool     // *packer, for retries
}

// NewDelivery returns the delivery of out. It owns cursor and out from now on.
// The documents of targets in trouble are held in a folder; "" is not at all.
func NewDelivery(name string, out outputs.Output, cursor *buffer.Cursor, dead *DeadLetters, held string, routes *Routes, logger *slog.Logger) *Delivery {
	d := &Delivery{Name: name, out: out, cursor: cursor, dead: dead, logger: logger, limits: out.Limits(), claims: &claims{}}
	d.state.counts = &counts{}
	if w, ok := out.(outputs.Wrapper); ok {
		d.wrap, d.wrapID = w.Wrap, w.Wrapping()
	}
	d.targets, _ = out.(outputs.Partitioner)
	d.slots = make(chan struct{}, max(1, d.limits.InFlight))
	d.sends = make(chan struct{}, cap(d.slots))
	d.state.bytes.Store(int64(d.limits.Bytes))
	d.SetRoutes(routes)
	if d.targets != nil && held != "" {
		d.held = newHeld(held, logger, d.ofHeld)
	}
	return d
}

// ofHeld returns the delivery of documents that were held for one target. It
// sends one request at a time, as one of the requests in flight of d.
func (d *Delivery) ofHeld(cursor *buffer.Cursor) *Delivery {
	h := &Delivery{
		Name: d.Name, out: d.out, cursor: cursor, dead: d.dead, logger: d.logger, limits: d.limits,
		wrap: d.wrap, wrapID: d.wrapID, targets: d.targets, slots: make(chan struct{}, 1), sends: d.sends, claims: d.claims,
	}
	h.state.counts = d.state.counts
	h.SetRoutes(NewRoutes(nil))
	return h
}

// SetRoutes changes the routes by which documents are chosen from now on.
func (d *Delivery) SetRoutes(r *Routes) { d.routes.Store(r) }

// Run delivers until ctx ends. Once drain is closed it returns as soon as
// nothing waits.
func (d *Delivery) Run(ctx context.Context, drain <-chan struct{}) {
	next, stop := untilDrained(ctx, drain)
	defer stop()
	if d.held != nil {
		held, end := context.WithCancel(ctx)
		defer d.held.wait()
		defer end()
		d.held.resume(held)
	}
	if d.targets != nil && d.wrap == nil {
		d.runTargets(ctx, next)
	} else {
		d.runMixed(ctx, next)
	}
}

// runMixed is Run for a destination whose requests hold whatever comes next.
func (d *Delivery) runMixed(ctx, next context.Context) {
	var flights sync.WaitGroup
	defer flights.Wait()
	pk := d.packer()
	for {
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		pieces := d.gather(next, pk)
		if len(pieces) == 0 {
			return
		}
		flights.Go(func() {
			defer func() { <-d.slots }()
			d.deliver(ctx, pieces)
		})
	}
}

// untilDrained returns a context for waiting on news: it ends with ctx, or
// once no news will come.
func untilDrained(ctx context.Context, drain <-chan struct{}) (context.Context, context.CancelFunc) {
	next, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-drain:
			cancel()
		case <-next.Done():
		}
	}()
	return next, cancel
}

// fits reports whether so much can be in one request.
func (d *Delivery) fits(size, docs int) bool {
	p := packer{limits: d.limits}
	p.limits.Bytes = int(d.state.bytes.Load())
	return p.fits(size, docs)
}

func (d *Delivery) packer() *packer {
	p, ok := d.packers.Get().(*packer)
	if !ok {
		p = &packer{output: d.Name, former: d.former, wrap: d.wrap, wrapping: d.wrapID, targets: d.targets, held: d.held}
	}
	p.limits, p.routes = d.limits, d.routes.Load()
	p.limits.Bytes = int(d.state.bytes.Load())
	return p
}

// gather returns what one request is to hold: all that waits, up to the
// limits. It waits for the first record and for nothing else. It returns
// nothing when ctx has ended and nothing waits.
func (d *Delivery) gather(ctx context.Context, pk *packer) []piece {
	pk.routes, pk.limits.Bytes = d.routes.Load(), int(d.state.bytes.Load())
	var pieces []piece
	size, docs := 0, 0
	for {
		for len(d.waiting) > 0 {
			p := d.waiting[0]
			if len(pieces) > 0 && (p.target != pieces[0].target || !pk.fits(size+p.size, docs+p.count)) {
				return pieces
			}
			pieces = append(pieces, p)
			size, docs = size+p.size, docs+p.count
			d.waiting = d.waiting[1:]
		}
		item, err := d.next(ctx, len(pieces) == 0)
		switch {
		case item != nil:
			d.waiting = d.load(pk, item)
		case err == nil || len(pieces) > 0 || ctx.Err() != nil || errors.Is(err, buffer.ErrClosed):
			return pieces
		default:
			d.state.failed(err)
			pause(ctx, backoffFirst, nil)
		}
	}
}

// next returns the next record, and if none is there waits for it if it may.
func (d *Delivery) next(ctx context.Context, wait bool) (*buffer.Item, error) {
	item, err := d.cursor.TryNext()
	if item != nil || err != nil || !wait {
		return item, err
	}
	return d.cursor.Next(ctx)
}

// load makes pieces of a record. One that cannot be read although the buffer's
// checks passed is counted as damaged and passed over: there is nothing to send.
func (d *Delivery) load(pk *packer, item *buffer.Item) []piece {
	pieces, err := pk.load(item, d.cursor)
	if err == nil {
		return pieces
	}
	lost := 0
	for i := range int(item.Count) {
		if !isTaken(item, i) {
			d.cursor.Ack(item.First+uint64(i), 1)
			lost++
		}
	}
	d.state.damaged.Add(int64(lost))
	d.logger.Error("record cannot be read, its documents are lost for this output", "first", item.First, "documents", lost, "error", err)
	return nil
}
