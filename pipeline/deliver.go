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
	Name   string // address of the output, "elasticsearch.main"
	former string // its address before it was renamed, or ""
	out    outputs.Output
	cursor *buffer.Cursor
	dead   *DeadLetters // nil: nowhere to put what cannot be taken; it is retried for ever
	logger *slog.Logger
	wrap   event.Wrap
	wrapID uint64
	limits outputs.Limits
	routes atomic.Pointer[Routes]
	state  deliveryState

	slots   chan struct{} // one token for each request in flight
	waiting []piece       // loaded, not yet in a request; owned by Run
	packers sync.Pool     // *packer, for retries
}

// NewDelivery returns the delivery of out. It owns cursor and out from now on.
func NewDelivery(name string, out outputs.Output, cursor *buffer.Cursor, dead *DeadLetters, routes *Routes, logger *slog.Logger) *Delivery {
	d := &Delivery{Name: name, out: out, cursor: cursor, dead: dead, logger: logger, limits: out.Limits()}
	if w, ok := out.(outputs.Wrapper); ok {
		d.wrap, d.wrapID = w.Wrap, w.Wrapping()
	}
	d.slots = make(chan struct{}, max(1, d.limits.InFlight))
	d.state.bytes.Store(int64(d.limits.Bytes))
	d.SetRoutes(routes)
	return d
}

// SetRoutes changes the routes by which documents are chosen from now on.
func (d *Delivery) SetRoutes(r *Routes) { d.routes.Store(r) }

// Run delivers until ctx ends. Once drain is closed it returns as soon as
// nothing waits.
func (d *Delivery) Run(ctx context.Context, drain <-chan struct{}) {
	var flights sync.WaitGroup
	defer flights.Wait()
	pk := d.packer()
	next, stop := untilDrained(ctx, drain)
	defer stop()
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

func (d *Delivery) packer() *packer {
	p, ok := d.packers.Get().(*packer)
	if !ok {
		p = &packer{output: d.Name, former: d.former, wrap: d.wrap, wrapping: d.wrapID}
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
			if len(pieces) > 0 && !pk.fits(size+p.size, docs+p.count) {
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
	d.state.damaged.Add(int64(item.Count))
	d.logger.Error("record cannot be read, its documents are lost for this output", "first", item.First, "documents", item.Count, "error", err)
	d.cursor.Ack(item.First, uint64(item.Count))
	return nil
}
