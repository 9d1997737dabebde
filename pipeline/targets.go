package pipeline

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/renthub/sluice/buffer"
)

// lanesSize is how many raw bytes may wait in memory for the targets of one
// destination, besides what is in flight.
const lanesSize = 8 << 20

// runTargets is Run for a destination whose requests have one target each. Each
// target has a lane: one request at a time, so its order holds, while the other
// lanes go on.
func (d *Delivery) runTargets(ctx, next context.Context) {
	var flights sync.WaitGroup
	defer flights.Wait()
	fed := make(chan []piece)
	flights.Go(func() { d.feed(ctx, next, fed) })
	finished := make(chan *lane)
	ls := lanes{all: map[string]*lane{}}
	for fed != nil || len(ls.all) > 0 {
		in, slot := fed, d.slots
		if ls.size >= lanesSize {
			in = nil
		}
		if len(ls.ready) == 0 {
			slot = nil
		}
		select {
		case pieces, more := <-in:
			if !more {
				fed = nil
			}
			ls.add(pieces)
		case l := <-finished:
			ls.free(l)
		case slot <- struct{}{}:
			l, pieces := ls.take(d.fits)
			flights.Go(func() {
				d.deliver(ctx, pieces)
				<-d.slots
				select {
				case finished <- l:
				case <-ctx.Done():
				}
			})
		case <-ctx.Done():
			return
		}
	}
}

// feed loads records until next ends. It closes fed.
func (d *Delivery) feed(ctx, next context.Context, fed chan<- []piece) {
	defer close(fed)
	pk := d.packer()
	for {
		item, err := d.cursor.Next(next)
		if next.Err() != nil && item == nil { // what is there already is to be sent
			item, err = d.cursor.TryNext()
		}
		switch {
		case item != nil:
			pk.routes, pk.limits.Bytes = d.routes.Load(), int(d.state.bytes.Load())
			select {
			case fed <- d.load(pk, item):
			case <-ctx.Done():
				return
			}
		case next.Err() != nil, errors.Is(err, buffer.ErrClosed):
			return
		case err != nil:
			d.state.failed(err)
			pause(ctx, backoffFirst, nil)
		}
	}
}

// lanes are what waits for each target. They belong to one goroutine.
type lanes struct {
	all   map[string]*lane // those with something that waits or is in flight
	ready []*lane          // those with something that waits and nothing in flight, the longest ready first
	size  int              // raw bytes that wait
}

// lane is one target.
type lane struct {
	target string
	pieces []piece // that wait
	busy   bool    // a request is in flight
}

func (ls *lanes) add(pieces []piece) {
	for _, p := range pieces {
		l := ls.all[p.target]
		if l == nil {
			l = &lane{target: p.target}
			ls.all[p.target] = l
		}
		if len(l.pieces) == 0 && !l.busy {
			ls.ready = append(ls.ready, l)
		}
		l.pieces = append(l.pieces, p)
		ls.size += p.size
	}
}

// take returns the pieces of the next request and the lane that it is of.
func (ls *lanes) take(fits func(size, docs int) bool) (*lane, []piece) {
	l := ls.ready[0]
	ls.ready = ls.ready[1:]
	l.busy = true
	n, size, docs := 0, 0, 0
	for n < len(l.pieces) && (n == 0 || fits(size+l.pieces[n].size, docs+l.pieces[n].count)) {
		size, docs = size+l.pieces[n].size, docs+l.pieces[n].count
		n++
	}
	taken := slices.Clone(l.pieces[:n])
	l.pieces = slices.Delete(l.pieces, 0, n)
	ls.size -= size
	return l, taken
}

// free notes that the request of a lane is done with.
func (ls *lanes) free(l *lane) {
	l.busy = false
	if len(l.pieces) > 0 {
		ls.ready = append(ls.ready, l)
	} else {
		delete(ls.all, l.target)
	}
}
