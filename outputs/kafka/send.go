package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// Send implements outputs.Output. A request of one partition is one batch. One
// whose partition was not known when it was named is divided here.
func (o *Output) Send(ctx context.Context, r *outputs.Request) error {
	if r.Count == 0 {
		return nil
	}
	if left := o.pause.left(o.now()); left > 0 {
		return &outputs.Throttled{After: left, Err: errQuota}
	}
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout.Std())
	defer cancel()
	name, at, known := parseTarget(r.Target)
	if t := o.names.all()[name]; t != nil && known {
		if err := o.ready(ctx, t); err != nil {
			return o.unready(t, group{docs: r.Docs}, err)
		}
		if at < t.partitions.Load() {
			return o.produce(ctx, t, place{t.name, at}, group{docs: r.Docs})
		}
	}
	return o.divide(ctx, r.Docs)
}

// errQuota means that the brokers' quota is used up for now.
var errQuota = errors.New("the brokers' quota is used up")

// divide sends documents of several partitions, one after the other.
func (o *Output) divide(ctx context.Context, docs []event.Doc) error {
	var groups []group
	var errs []error
	for t, g := range o.byTopic(docs) {
		if err := o.ready(ctx, t); err != nil {
			groups, errs = append(groups, g), append(errs, o.unready(t, g, err))
			continue
		}
		for at, part := range o.byPartition(t, g) {
			groups, errs = append(groups, part), append(errs, o.produce(ctx, t, at, part))
		}
	}
	return compose(groups, errs)
}

func (o *Output) byTopic(docs []event.Doc) map[*topic]group {
	topics := map[*topic]group{}
	var scratch []byte
	for i := range docs {
		t := o.names.of(scratch[:0], &docs[i])
		topics[t] = group{docs, append(topics[t].at, i)}
	}
	return topics
}

func (o *Output) byPartition(t *topic, g group) map[place]group {
	parts := map[place]group{}
	count := t.partitions.Load()
	for i := range g.len() {
		at := place{t.name, o.choose(nil, g.doc(i), count)}
		parts[at] = group{g.docs, append(parts[at].at, g.index(i))}
	}
	return parts
}

// group is some documents of a request.
type group struct {
	docs []event.Doc
	at   []int // which; nil is all
}

func (g group) len() int {
	if g.at == nil {
		return len(g.docs)
	}
	return len(g.at)
}

// index is where the group's document i stands in the request.
func (g group) index(i int) int {
	if g.at == nil {
		return i
	}
	return g.at[i]
}

func (g group) doc(i int) *event.Doc { return &g.docs[g.index(i)] }

// without is the group without some of its documents, which are in order.
func (g group) without(bad []outputs.Failure) group {
	rest := group{docs: g.docs, at: []int{}}
	for i := range g.len() {
		if len(bad) > 0 && bad[0].Index == i {
			bad = bad[1:]
			continue
		}
		rest.at = append(rest.at, g.index(i))
	}
	return rest
}

// same answers for all documents of a group, by their place in the request.
func same(g group, answer outputs.Answer, err error) []outputs.Failure {
	list, reason := make([]outputs.Failure, g.len()), excerpt(err)
	for i := range list {
		list[i] = outputs.Failure{Index: g.index(i), Answer: answer, Reason: reason}
	}
	return list
}

// failures is an error of a group as failures of its documents.
func failures(g group, err error) []outputs.Failure {
	var partial *outputs.Partial
	var poisoned *outputs.Poisoned
	var config *outputs.Misconfigured
	switch {
	case errors.As(err, &partial):
		return partial.Failed
	case errors.As(err, &poisoned), errors.Is(err, outputs.ErrTooLarge) && g.len() == 1:
		return same(g, outputs.Poison, err)
	case errors.As(err, &config):
		return same(g, outputs.NeedConfig, err)
	}
	return same(g, outputs.Retry, err)
}

// compose is what Send returns for several groups. Where nothing was taken and
// all say the same, it is what they say: a request that is too large as a
// whole must be divided, not sent again.
func compose(groups []group, errs []error) error {
	var failed []outputs.Failure
	var first error
	taken, alike := false, true
	for i, err := range errs {
		if err == nil {
			taken = true
			continue
		}
		if first == nil {
			first = err
		}
		alike = alike && kindOf(err) == kindOf(first)
		failed = append(failed, failures(groups[i], err)...)
	}
	switch {
	case first == nil:
		return nil
	case len(errs) == 1, !taken && alike && kindOf(first) != partialKind:
		return first
	}
	slices.SortFunc(failed, func(a, b outputs.Failure) int { return a.Index - b.Index })
	return &outputs.Partial{Failed: failed}
}

// The kinds of errors that compose tells apart.
const (
	plainKind = iota
	partialKind
	throttledKind
	poisonedKind
	configKind
	largeKind
)

func kindOf(err error) int {
	var partial *outputs.Partial
	var throttled *outputs.Throttled
	var poisoned *outputs.Poisoned
	var config *outputs.Misconfigured
	switch {
	case errors.As(err, &partial):
		return partialKind
	case errors.As(err, &throttled):
		return throttledKind
	case errors.As(err, &poisoned):
		return poisonedKind
	case errors.As(err, &config):
		return configKind
	case errors.Is(err, outputs.ErrTooLarge):
		return largeKind
	}
	return plainKind
}
