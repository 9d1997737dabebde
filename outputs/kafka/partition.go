package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/segmentio/kafka-go"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/kafka/recordbatch"
)

// partition is what is known of one partition as a target. It has a producer
// id of its own, so that one that is in trouble does not disturb the others.
type partition struct {
	place
	turn chan struct{} // holds a token while one Send works on it, who owns what follows

	producer recordbatch.Producer // recordbatch.NoProducer: one must be asked for
	next     int32                // sequence of the next record
	// sealed is a batch that may be stored, or none. It is sent again as it
	// is, for the broker knows it by its producer and sequence; only its
	// answer makes the way free for the next one.
	sealed *batch
	// stored are documents of a batch whose answer came when others were to be
	// sent. When they come again they are taken already.
	stored map[event.ID]bool
}

// maxStored bounds partition.stored. What is in it comes again, unless somebody
// has dropped it meanwhile.
const maxStored = 100_000

// batch is a record batch, stamped, with its size before it.
type batch struct {
	bytes     []byte
	docs      identity
	ids       []event.ID // of its documents, once it is ambiguous
	ambiguous bool       // it was sent, and whether it is stored is not known
	corrupt   int        // how often the broker found it damaged
}

// unknown notes that a batch may be stored.
func (b *batch) unknown(docs group) {
	b.ambiguous = true
	if b.ids != nil {
		return
	}
	b.ids = make([]event.ID, docs.len())
	for i := range b.ids {
		b.ids[i] = docs.doc(i).ID
	}
}

// identity tells whether the same documents come again.
type identity struct {
	count       int
	first, last event.ID
	hash        uint64 // of all ids and lengths
}

func identify(docs group) identity {
	n := docs.len()
	id := identity{count: n, first: docs.doc(0).ID, last: docs.doc(n - 1).ID}
	for i := range n {
		d := docs.doc(i)
		for _, x := range [...]uint64{d.ID.Source, uint64(d.ID.Pos), uint64(d.ID.Size)<<16 | uint64(d.ID.Sub), uint64(len(d.JSON))} {
			id.hash = (id.hash ^ x) * 0x9e3779b97f4a7c15
			id.hash ^= id.hash >> 29
		}
	}
	return id
}

// partitionOf returns a partition's state.
func (o *Output) partitionOf(at place) *partition {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.partitions[at]
	if p == nil {
		p = &partition{place: at, turn: make(chan struct{}, 1), producer: recordbatch.NoProducer}
		o.partitions[at] = p
	}
	return p
}

func (p *partition) lock(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *partition) unlock() { <-p.turn }

// seal returns the batch of docs: the one that waits for its answer if it is
// theirs, else a new one.
func (o *Output) seal(ctx context.Context, p *partition, docs group, limit int) (*batch, error) {
	id := identify(docs)
	if p.sealed != nil && p.sealed.docs == id {
		return p.sealed, nil
	}
	o.abandon(p)
	if p.producer == recordbatch.NoProducer {
		if err := o.newProducer(ctx, p); err != nil {
			return nil, err
		}
	}
	bytes, err := o.build(ctx, docs)
	if err != nil {
		return nil, err
	}
	b := &batch{bytes: bytes, docs: id}
	if size := len(bytes) - frameSize; size > limit {
		o.forget(b)
		return nil, fmt.Errorf("%w: a batch of %d bytes, the limit is %d", outputs.ErrTooLarge, size, limit)
	}
	binary.BigEndian.PutUint32(bytes, uint32(len(bytes)-frameSize))
	recordbatch.Stamp(bytes[frameSize:], p.producer, p.next)
	p.sealed = b
	return b, nil
}

// settle brings a batch to its answer when other documents come than those in
// it: they were divided, or set apart, or somebody dropped them. Its sequence
// may be taken, and a batch of others under it would be taken for it and
// dropped. So the batch goes again as it is, and its documents are taken when
// they come.
func (o *Output) settle(ctx context.Context, t *topic, p *partition, docs group) error {
	b := p.sealed
	if b == nil || !b.ambiguous || b.docs == identify(docs) {
		return nil
	}
	var err error
	for range 4 {
		if err = o.try(ctx, t, p, b, docs); err == nil {
			p.remember(b.ids)
			return nil
		}
		if p.sealed != b { // refused, and counted: its documents are judged when they come
			return nil
		}
		if next := (*again)(nil); !errors.As(err, &next) {
			break
		}
	}
	return err
}

// remember notes documents as stored.
func (p *partition) remember(ids []event.ID) {
	if p.stored == nil || len(p.stored) > maxStored {
		p.stored = make(map[event.ID]bool, len(ids))
	}
	for _, id := range ids {
		p.stored[id] = true
	}
}

// untaken are the documents of a group that are not stored yet.
func (p *partition) untaken(docs group) group {
	if len(p.stored) == 0 {
		return docs
	}
	rest := group{docs: docs.docs, at: []int{}}
	for i := range docs.len() {
		if id := docs.doc(i).ID; p.stored[id] {
			delete(p.stored, id)
			continue
		}
		rest.at = append(rest.at, docs.index(i))
	}
	return rest
}

// abandon gives up a batch that the broker has refused. If an earlier try was
// not answered, its sequence may be taken all the same: only a new producer id
// is safe then.
func (o *Output) abandon(p *partition) {
	b := p.sealed
	if b == nil {
		return
	}
	p.sealed = nil
	if b.ambiguous {
		o.doubt(p, b)
		p.producer = recordbatch.NoProducer
	}
	o.forget(b)
}

// doubt counts the documents of a batch that may be stored twice.
func (o *Output) doubt(p *partition, b *batch) {
	o.metrics.repeats.Add(float64(b.docs.count))
	o.logger.Warn("documents may be stored twice: it is not known whether their batch was", "output", o.name, "topic", p.topic, "partition", p.partition, "documents", b.docs.count)
}

// newProducer takes a producer id that no batch was sent with. It is never
// kept beyond this run: after a crash the same sequence would stand for other
// documents.
func (o *Output) newProducer(ctx context.Context, p *partition) error {
	answer, err := o.client.InitProducerID(ctx, &kafka.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1})
	if err != nil {
		return fmt.Errorf("ask for a producer id: %w", err)
	}
	if answer.Error != nil {
		return fmt.Errorf("ask for a producer id: %w", answer.Error)
	}
	id, epoch := answer.Producer.ProducerID, answer.Producer.ProducerEpoch
	if id < 0 || epoch < 0 || epoch > math.MaxInt16 {
		return errors.New("ask for a producer id: the broker gave none")
	}
	p.producer, p.next = recordbatch.Producer{ID: int64(id), Epoch: int16(epoch)}, 0
	o.metrics.producers.Inc()
	return nil
}
