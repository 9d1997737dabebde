package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/kafka/recordbatch"
)

// produce sends documents to one partition. It returns nil only if the broker
// has said that all of them are stored.
func (o *Output) produce(ctx context.Context, t *topic, at place, docs group) error {
	p := o.partitionOf(at)
	if err := p.lock(ctx); err != nil {
		return fmt.Errorf("wait for partition %d of %s: %w", at.partition, at.topic, err)
	}
	defer p.unlock()
	if err := o.settle(ctx, t, p, docs); err != nil {
		return err
	}
	rest := p.untaken(docs)
	switch {
	case rest.len() == 0:
		return nil
	case rest.len() < docs.len(): // some are taken, whatever becomes of the rest
		return compose([]group{docs, rest}, []error{nil, o.produceNew(ctx, t, p, rest)})
	}
	return o.produceNew(ctx, t, p, docs)
}

// produceNew sends documents of which none is stored.
func (o *Output) produceNew(ctx context.Context, t *topic, p *partition, docs group) error {
	err := o.attempt(ctx, t, p, docs)
	var next *again
	for tries := 0; tries < 3 && errors.As(err, &next); tries++ {
		if next.without != nil {
			return o.produceRest(ctx, t, p, docs, next)
		}
		err = o.attempt(ctx, t, p, docs)
	}
	if errors.As(err, &next) {
		return next.err
	}
	return err
}

// again means that the same documents can be sent once more at once: the
// partition has a new leader, or a new producer id.
type again struct {
	err     error
	without []outputs.Failure // these can never be taken: only the others are sent
}

func (e *again) Error() string { return e.err.Error() }
func (e *again) Unwrap() error { return e.err }

// produceRest sends the documents of a batch but those that made the broker
// refuse all of it.
func (o *Output) produceRest(ctx context.Context, t *topic, p *partition, docs group, next *again) error {
	rest := docs.without(next.without)
	failed := &outputs.Partial{}
	for _, f := range next.without {
		failed.Failed = append(failed.Failed, outputs.Failure{Index: docs.index(f.Index), Answer: f.Answer, Reason: f.Reason})
	}
	err := o.attempt(ctx, t, p, rest)
	if err != nil {
		failed.Failed = append(failed.Failed, failures(rest, err)...)
	}
	slices.SortFunc(failed.Failed, func(a, b outputs.Failure) int { return a.Index - b.Index })
	return failed
}

// attempt sends the batch of docs once.
func (o *Output) attempt(ctx context.Context, t *topic, p *partition, docs group) error {
	b, err := o.seal(ctx, p, docs, o.batchLimit(t, docs))
	if err != nil {
		return o.broken(err)
	}
	return o.try(ctx, t, p, b, docs)
}

// try sends a batch once. docs are the documents that are to be sent, its own
// or others that wait for its answer.
func (o *Output) try(ctx context.Context, t *topic, p *partition, b *batch, docs group) error {
	if b.ambiguous {
		o.metrics.resends.Inc()
	}
	seen := o.cluster.layout.Load()
	answer, err := o.client.RawProduce(ctx, &kafka.RawProduceRequest{
		Topic: p.topic, Partition: int(p.partition), RequiredAcks: kafka.RequireAll,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(b.bytes)},
	})
	if err != nil {
		return o.unanswered(ctx, p, b, docs, seen, err)
	}
	o.pause.ask(o.now().Add(answer.Throttle))
	return o.judge(ctx, t, p, b, docs, seen, answer)
}

// unanswered is for a batch of which nothing is known. The leader may have
// moved: the layout is asked for again.
func (o *Output) unanswered(ctx context.Context, p *partition, b *batch, docs group, seen *layout, err error) error {
	var not *unsent
	if !errors.As(err, &not) {
		b.unknown(docs)
	}
	err = fmt.Errorf("produce to partition %d of %s: %w", p.partition, p.topic, err)
	if ctx.Err() == nil && o.learn(ctx, seen) == nil && o.moved(p.place, seen) {
		return &again{err: err}
	}
	return o.broken(err)
}

// moved reports whether a partition has another leader than it had.
func (o *Output) moved(at place, seen *layout) bool {
	was, wasErr := seen.leader(at.topic, at.partition)
	is, isErr := o.cluster.layout.Load().leader(at.topic, at.partition)
	return isErr == nil && (wasErr != nil || was != is)
}

// stored is for a batch that the broker has.
func (o *Output) stored(p *partition, b *batch) {
	p.next = recordbatch.NextSequence(p.next, b.docs.count)
	p.sealed = nil
	o.forget(b)
}

// refused is for a batch that this answer says is not stored, so that its
// sequence is still free, unless an earlier try was not answered.
func (o *Output) refused(p *partition) { o.abandon(p) }

// renew stamps a batch with a new producer id, after the broker lost or
// refuses what it knows of the old one.
func (o *Output) renew(ctx context.Context, p *partition, b *batch) error {
	o.doubt(p, b)
	if err := o.newProducer(ctx, p); err != nil {
		p.producer, p.sealed = recordbatch.NoProducer, nil // it is built anew, with what id there is then
		return o.broken(err)
	}
	recordbatch.Stamp(b.bytes[frameSize:], p.producer, p.next)
	b.ambiguous = false
	return nil
}

// recordErrors are the documents that the broker names, in order.
func recordErrors(answer *kafka.ProduceResponse, count int) []outputs.Failure {
	var list []outputs.Failure
	for _, i := range slices.Sorted(maps.Keys(answer.RecordErrors)) {
		if i >= 0 && i < count {
			list = append(list, outputs.Failure{Index: i, Answer: outputs.Poison, Reason: excerpt(answer.RecordErrors[i])})
		}
	}
	return list
}
