package pipeline

import (
	"context"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
)

// triesBeforeHeld is how often a request is tried before its target counts as
// in trouble, if other targets take theirs meanwhile.
const triesBeforeHeld = 3

// hold puts pieces of one target to the documents that are held, if their
// target is in trouble: it is already, or it did not take them since began
// while others took theirs. It reports false if they are to be sent.
func (d *Delivery) hold(ctx context.Context, pieces []piece, try int, began time.Time) bool {
	if d.held == nil || pieces[0].target == "" {
		return false
	}
	begin := try > triesBeforeHeld && d.state.goodSince(began)
	if !begin && !d.held.has(pieces[0].target) {
		return false
	}
	for n := 1; ; n++ {
		held, err := d.moveToHeld(ctx, pieces, begin)
		if err == nil {
			return held
		}
		d.state.failed(err)
		if !d.held.has(pieces[0].target) { // there is nothing that these must not overtake
			return false
		}
		if !pause(ctx, backoff(n, backoffMax), nil) {
			return true // they are unacknowledged, and sent after the next start
		}
	}
}

// moveToHeld moves pieces of one target to the log of their target. It reports
// false if the target is well.
func (d *Delivery) moveToHeld(ctx context.Context, pieces []piece, begin bool) (bool, error) {
	pk := d.packer()
	defer d.packers.Put(pk)
	records, err := pk.records(pieces)
	if err != nil {
		return false, err
	}
	held, err := d.held.put(ctx, pieces[0].target, records, begin)
	if held {
		for i := range pieces {
			pieces[i].ackAll(d.cursor)
		}
	}
	return held, err
}

// records copies the documents of pieces as a log stores them.
func (p *packer) records(pieces []piece) ([]*buffer.Record, error) {
	var out []*buffer.Record
	b := &p.built
	b.Reset()
	for i := range pieces {
		raw, err := p.open(pieces[i].item)
		if err != nil {
			return nil, err
		}
		for k := range pieces[i].count {
			var doc event.Doc
			p.block.Doc(&doc, raw, pieces[i].doc(k))
			if b.Len() > 0 && b.Size()+len(doc.JSON) > event.MaxBlock {
				if out, err = p.record(out); err != nil {
					return nil, err
				}
			}
			if err := b.Add(&doc, event.BareWrap); err != nil {
				return nil, err
			}
		}
	}
	return p.record(out)
}

// record closes the block that is being built.
func (p *packer) record(out []*buffer.Record) ([]*buffer.Record, error) {
	b := &p.built
	b.Codec = event.Zstd
	r := &buffer.Record{Count: uint32(b.Len()), Sync: true, MinTime: b.Rows[0].Time, MaxTime: b.Rows[0].Time}
	for i := range b.Rows {
		r.MinTime, r.MaxTime = min(r.MinTime, b.Rows[i].Time), max(r.MaxTime, b.Rows[i].Time)
	}
	var err error
	if r.Index, r.Body, err = b.Close(nil, nil, &p.deflate); err != nil {
		return nil, err
	}
	b.Reset()
	return append(out, r), nil
}

// setApart holds documents of a Wrapper's piece for whose targets a person must
// act, and returns those that could not be held.
func (d *Delivery) setApart(ctx context.Context, pk *packer, p *piece, docs []int) ([]piece, error) {
	raw, err := pk.open(p.item)
	if err != nil {
		return nil, err
	}
	byTarget := map[string][]int{}
	for _, i := range docs {
		var doc event.Doc
		pk.block.Doc(&doc, raw, i)
		target := string(d.targets.Partition(nil, &doc))
		byTarget[target] = append(byTarget[target], i)
	}
	var rest []piece
	for target, docs := range byTarget {
		apart := piece{item: p.item, target: target, docs: docs, count: len(docs)}
		if _, err := d.moveToHeld(ctx, []piece{apart}, true); err != nil {
			d.state.failed(err)
			again, err := pk.make(p.item, raw, docs, "")
			if err != nil {
				return nil, err
			}
			rest = append(rest, again...)
		}
	}
	return rest, nil
}
