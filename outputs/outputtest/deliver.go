package outputtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// Delivery is how documents were brought to a Partitioner.
type Delivery struct {
	Dead  map[event.ID]string // documents that can never be taken, and why
	Tries int                 // calls of Send
	Fails int                 // those that took not all
	Last  map[string]string   // the last failure of each target
}

// Deliver brings documents to a Partitioner as the pipeline does: requests of
// one target each, one at a time for each target, and what was not taken again,
// in the same order, before any later document of its target. It ends when all
// are taken or can never be, or with ctx.
func Deliver(ctx context.Context, t testing.TB, o outputs.Output, docs []event.Doc) Delivery {
	t.Helper()
	p, ok := o.(outputs.Partitioner)
	if !ok {
		t.Fatal("not a partitioner")
	}
	d := delivery{o: o, t: t, limits: o.Limits(), Delivery: Delivery{Dead: map[event.ID]string{}, Last: map[string]string{}}}
	d.slots = make(chan struct{}, d.limits.InFlight)
	var names []string
	targets := map[string][]event.Doc{}
	for i := range docs {
		name := string(p.Partition(nil, &docs[i]))
		if targets[name] == nil {
			names = append(names, name)
		}
		targets[name] = append(targets[name], docs[i])
	}
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() { d.target(ctx, name, targets[name]) })
	}
	wg.Wait()
	return d.Delivery
}

type delivery struct {
	o      outputs.Output
	t      testing.TB
	limits outputs.Limits
	slots  chan struct{}

	mu sync.Mutex
	Delivery
}

// target sends the documents of one target in order.
func (d *delivery) target(ctx context.Context, name string, docs []event.Doc) {
	for len(docs) > 0 && ctx.Err() == nil {
		n, size := 0, 0
		for n < len(docs) && (n == 0 || (d.limits.Bytes == 0 || size+len(docs[n].JSON) <= d.limits.Bytes) && (d.limits.Docs == 0 || n < d.limits.Docs)) {
			size += len(docs[n].JSON)
			n++
		}
		d.request(ctx, name, docs[:n])
		docs = docs[n:]
	}
}

// request sends the documents of one request until each has its answer.
func (d *delivery) request(ctx context.Context, name string, docs []event.Doc) {
	for wait := 5 * time.Millisecond; len(docs) > 0 && ctx.Err() == nil; wait = min(2*wait, 500*time.Millisecond) {
		err := d.try(ctx, name, docs)
		var partial *outputs.Partial
		switch {
		case err == nil:
			return
		case errors.Is(err, outputs.ErrTooLarge) && len(docs) > 1:
			d.request(ctx, name, docs[:len(docs)/2])
			docs = docs[len(docs)/2:]
			continue
		case errors.Is(err, outputs.ErrTooLarge):
			d.bury(docs[0], err.Error())
			return
		case errors.As(err, &partial):
			docs = d.left(docs, partial)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

func (d *delivery) try(ctx context.Context, name string, docs []event.Doc) error {
	d.slots <- struct{}{}
	defer func() { <-d.slots }()
	r := Request(d.t, d.o, docs)
	r.Target = name
	err := d.o.Send(ctx, r)
	Poison(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Tries++
	if err != nil {
		d.Fails++
		d.Last[name] = err.Error()
	}
	return err
}

// left are the documents to be sent again.
func (d *delivery) left(docs []event.Doc, partial *outputs.Partial) []event.Doc {
	var left []event.Doc
	for _, f := range partial.Failed {
		if f.Answer == outputs.Poison {
			d.bury(docs[f.Index], f.Reason)
			continue
		}
		left = append(left, docs[f.Index])
	}
	return left
}

func (d *delivery) bury(doc event.Doc, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Dead[doc.ID] = reason
}
