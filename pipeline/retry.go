package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/renthub/sluice/outputs"
)

// deliver sends pieces until the destination took each of their documents or
// can never take it, or ctx ends: what was not acknowledged is sent again
// after the next start.
func (d *Delivery) deliver(ctx context.Context, pieces []piece) {
	began := time.Now()
	unsettled := int64(0) // of these pieces
	for try := 1; len(pieces) > 0; try++ {
		if d.hold(ctx, pieces, try, began) {
			d.state.unsettled.Add(-unsettled)
			return
		}
		pk := d.packer()
		r := pk.request(pieces)
		recovered := d.state.recovery()
		d.state.unsettled.Add(int64(r.Count) - unsettled)
		unsettled = int64(r.Count)
		err, done := d.send(ctx, r)
		if !done {
			return
		}
		var wait time.Duration
		pieces, wait = d.settle(ctx, pk, pieces, err, try)
		d.packers.Put(pk)
		if len(pieces) == 0 {
			d.state.unsettled.Add(-unsettled)
			return
		}
		d.state.waiting(err, wait)
		if throttled := (*outputs.Throttled)(nil); errors.As(err, &throttled) {
			recovered = nil // the destination said how long
		}
		if !pause(ctx, wait, recovered) {
			return
		}
	}
}

// send makes one try. It reports false if ctx ended before there was an answer.
func (d *Delivery) send(ctx context.Context, r *outputs.Request) (err error, done bool) {
	if d.targets != nil && d.wrap == nil {
		if !d.claims.take(ctx, r.Target) {
			return ctx.Err(), false
		}
		defer d.claims.free(r.Target)
	}
	select {
	case d.sends <- struct{}{}:
		defer func() { <-d.sends }()
	case <-ctx.Done():
		return ctx.Err(), false
	}
	d.state.sending(r)
	start := time.Now()
	err = d.out.Send(ctx, r)
	if ctx.Err() != nil && err != nil {
		return err, false
	}
	d.state.answered(r, time.Since(start), err)
	return err, true
}

// settle acts on an answer. It acknowledges what was taken and returns what is
// to be sent again, and after which pause.
func (d *Delivery) settle(ctx context.Context, pk *packer, pieces []piece, err error, try int) ([]piece, time.Duration) {
	var partial *outputs.Partial
	var throttled *outputs.Throttled
	var unreachable *outputs.Unreachable
	var poisoned *outputs.Poisoned
	var config *outputs.Misconfigured
	switch {
	case err == nil:
		for i := range pieces {
			pieces[i].ackAll(d.cursor)
		}
		return nil, 0
	case errors.As(err, &partial):
		return d.settlePartial(ctx, pk, pieces, partial, try)
	case errors.Is(err, outputs.ErrTooLarge):
		return d.split(ctx, pk, pieces), 0
	case errors.As(err, &throttled):
		if throttled.After > 0 {
			return pieces, min(throttled.After, throttleMax) + backoff(1, backoffMax)
		}
		return pieces, backoff(try, backoffMax)
	case errors.As(err, &unreachable):
		return pieces, min(unreachable.After, throttleMax) + backoff(1, backoffMax)
	case errors.As(err, &poisoned):
		return d.bury(ctx, pk, pieces, poisoned.Error()), backoff(try, backoffMax)
	case errors.As(err, &config):
		return pieces, backoff(try, backoffConfig)
	}
	return pieces, backoff(try, backoffMax)
}

// settlePartial acknowledges all documents but the failed ones, buries those
// that can never be taken and returns the rest.
func (d *Delivery) settlePartial(ctx context.Context, pk *packer, pieces []piece, e *outputs.Partial, try int) ([]piece, time.Duration) {
	wait := backoff(try, backoffMax)
	var rest []piece
	failed := e.Failed
	apart := d.held != nil && d.wrap != nil // what is wrong with the whole destination is no Partial
	first := 0                              // number in the request of the piece's first document
	for i := range pieces {
		p := &pieces[i]
		n := 0
		for n < len(failed) && failed[n].Index < first+p.count {
			n++
		}
		if n == 0 {
			p.ackAll(d.cursor)
		} else {
			rest = append(rest, d.settlePiece(ctx, pk, p, failed[:n], first, apart)...)
		}
		for _, f := range failed[:n] {
			if f.Answer == outputs.NeedConfig && !apart {
				wait = backoff(try, backoffConfig)
			}
		}
		failed = failed[n:]
		first += p.count
	}
	return rest, wait
}

// settlePiece does it for one piece; first is the number in the request of its
// first document. If apart, documents for whose target a person must act are
// held.
func (d *Delivery) settlePiece(ctx context.Context, pk *packer, p *piece, failed []outputs.Failure, first int, apart bool) []piece {
	again := make([]int, 0, len(failed))
	var hold []int
	for i, next := 0, 0; i < p.count; i++ {
		if next == len(failed) || failed[next].Index != first+i {
			p.ack(d.cursor, i)
			continue
		}
		f := failed[next]
		next++
		switch {
		case f.Answer == outputs.NeedConfig && apart:
			hold = append(hold, p.doc(i))
		case f.Answer != outputs.Poison || !d.buryOne(ctx, pk, p, i, f.Reason):
			again = append(again, p.doc(i))
		}
	}
	rest, err := d.rest(ctx, pk, p, again, hold)
	if err != nil { // it was readable a moment ago: send the whole piece again, ids tell repeats
		d.state.failed(err)
		return []piece{*p}
	}
	return rest
}

// rest returns what is to be sent again of a piece: the documents again, and
// those of hold that cannot be held.
func (d *Delivery) rest(ctx context.Context, pk *packer, p *piece, again, hold []int) (rest []piece, err error) {
	if len(again) > 0 {
		if rest, err = pk.again(p, again); err != nil {
			return nil, err
		}
	}
	if len(hold) > 0 {
		unheld, err := d.setApart(ctx, pk, p, hold)
		return append(rest, unheld...), err
	}
	return rest, nil
}

// split answers a refusal of the size: the request goes again in two halves,
// and a document that is refused alone is buried.
func (d *Delivery) split(ctx context.Context, pk *packer, pieces []piece) []piece {
	if len(pieces) > 1 {
		d.state.learn(totalSize(pieces) / 2)
		d.deliver(ctx, pieces[:len(pieces)/2])
		d.deliver(ctx, pieces[len(pieces)/2:])
		return nil
	}
	p := &pieces[0]
	if p.count == 1 {
		return d.bury(ctx, pk, pieces, outputs.ErrTooLarge.Error())
	}
	docs := make([]int, p.count)
	for i := range docs {
		docs[i] = p.doc(i)
	}
	for _, half := range [][]int{docs[:len(docs)/2], docs[len(docs)/2:]} {
		again, err := pk.again(p, half)
		if err != nil {
			d.state.failed(err)
			return pieces
		}
		d.deliver(ctx, again)
	}
	return nil
}

func totalSize(pieces []piece) int {
	n := 0
	for i := range pieces {
		n += pieces[i].size
	}
	return n
}

// bury puts all documents of pieces into the dead letters. It returns the
// pieces of which that failed.
func (d *Delivery) bury(ctx context.Context, pk *packer, pieces []piece, reason string) []piece {
	var rest []piece
	for k := range pieces {
		p := &pieces[k]
		for i := range p.count {
			if d.buryOne(ctx, pk, p, i, reason) {
				continue
			}
			docs := make([]int, 0, p.count-i)
			for ; i < p.count; i++ {
				docs = append(docs, p.doc(i))
			}
			again, err := pk.again(p, docs)
			if err != nil {
				again = []piece{*p}
			}
			rest = append(rest, again...)
			break
		}
	}
	return rest
}

// buryOne puts one document into the dead letters and acknowledges it once it
// is on disk there.
func (d *Delivery) buryOne(ctx context.Context, pk *packer, p *piece, i int, reason string) bool {
	doc, err := pk.document(p, i)
	if err == nil && d.dead == nil {
		err = errors.New("dead letters are off")
	}
	if err == nil {
		err = d.dead.Put(ctx, DeadLetter{Output: d.Name, Reason: reason, ID: doc.ID, Document: doc.JSON})
	}
	if err != nil {
		d.state.failed(fmt.Errorf("keep dead letter: %w", err))
		return false
	}
	d.state.dead.Add(1)
	p.ack(d.cursor, i)
	return true
}
