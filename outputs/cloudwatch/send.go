package cloudwatch

import (
	"cmp"
	"context"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// Send implements outputs.Output. It makes the calls that a request needs, one
// after the other, and ends at the first that fails.
func (o *Output) Send(ctx context.Context, r *outputs.Request) error {
	if r.Count == 0 {
		return nil
	}
	client, err := o.connect(ctx)
	if err != nil {
		return err
	}
	b := o.batches.Get().(*batch)
	defer o.batches.Put(b)
	defer b.release()
	b.reset(r.Docs)
	for _, p := range o.parts(r) {
		start := o.now()
		if err = o.sendPart(ctx, client, b, p); err != nil {
			break
		}
		o.watchLoad(p.lane, r, start)
	}
	o.metrics.large.Add(float64(b.large))
	o.metrics.rejected.Add(float64(len(b.failed)))
	return b.verdict(err)
}

// part is the documents of a request that go to one lane; all, if docs is nil.
type part struct {
	lane *lane
	docs []int
}

// parts divides a request. One from a pipeline that knows targets has one.
func (o *Output) parts(r *outputs.Request) []part {
	if r.Target != "" {
		if l := o.targets.named(r.Target); l != nil {
			return []part{{lane: l}}
		}
	}
	var list []part
	where := map[*lane]int{}
	for i := range r.Docs {
		l := o.targets.of(&r.Docs[i])
		k, ok := where[l]
		if !ok {
			k, where[l] = len(list), len(list)
			list = append(list, part{lane: l})
		}
		list[k].docs = append(list[k].docs, i)
	}
	return list
}

// sendPart sends the documents of one lane.
func (o *Output) sendPart(ctx context.Context, client *cloudwatchlogs.Client, b *batch, p part) error {
	now, known := o.clock.at(o.now())
	b.fill(p.docs, &o.config, newWindow(now, known, o.daysKept(ctx, client, p.lane.stream.group, b, p, now)))
	for items := b.items; len(items) > 0; {
		n := nextCall(items)
		if err := o.call(ctx, client, b, p.lane, items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// call sends the events of one call, and makes their stream if it is missing.
func (o *Output) call(ctx context.Context, client *cloudwatchlogs.Client, b *batch, l *lane, items []item) error {
	out, err := o.put(ctx, client, l, items)
	if isNotFound(err) {
		if err := o.create(ctx, client, l); err != nil {
			return err
		}
		out, err = o.put(ctx, client, l, items)
	}
	switch {
	case err == nil:
		return o.settle(b, items, out.RejectedLogEventsInfo)
	case isAccepted(err):
		return o.settle(b, items, nil)
	}
	if reason, ok := refusedAlone(err, items); ok {
		b.refuse(int(items[0].doc), reason)
		return nil
	}
	return o.answerTo(err)
}

// put makes one call of PutLogEvents.
func (o *Output) put(ctx context.Context, client *cloudwatchlogs.Client, l *lane, items []item) (*cloudwatchlogs.PutLogEventsOutput, error) {
	e := o.encoders.Get().(*encoder)
	text, err := e.encode(l.stream.group.name, l.name, items)
	if err != nil {
		return nil, err
	}
	body := newPayload(text)
	defer func() {
		body.release() // the transport may still be reading
		o.encoders.Put(e)
	}()
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout.Std())
	defer cancel()
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})
	o.metrics.calls.Inc()
	out, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: &l.stream.group.name, LogStreamName: &l.name,
		LogEvents: []types.InputLogEvent{}, // ours are in the body
	}, func(p *cloudwatchlogs.Options) {
		p.APIOptions = append(p.APIOptions, func(s *middleware.Stack) error {
			return s.Build.Add(bodySetter{body}, middleware.After)
		})
	})
	if err != nil && written.Load() && isAmbiguous(err) {
		o.metrics.possibleRepeats.Add(float64(documents(items)))
	}
	return out, err
}

func documents(items []item) int {
	n := 0
	for i := range items {
		if items[i].last {
			n++
		}
	}
	return n
}

// verdict is what Send returns: err if no document of the request has an
// answer of its own.
func (b *batch) verdict(err error) error {
	if err == nil && len(b.failed) == 0 {
		return nil
	}
	if b.taken == 0 && len(b.failed) == 0 {
		return err
	}
	if err != nil {
		answer, reason := again(err), oneLine(err)
		for i, s := range b.state {
			if s == waiting {
				b.failed = append(b.failed, outputs.Failure{Index: i, Answer: answer, Reason: reason})
			}
		}
	}
	slices.SortFunc(b.failed, func(x, y outputs.Failure) int { return cmp.Compare(x.Index, y.Index) })
	return &outputs.Partial{Failed: b.failed}
}

// daysKept is how many days the group of a part keeps for, if that matters for
// any of its documents and can be known; else 0.
func (o *Output) daysKept(ctx context.Context, client *cloudwatchlogs.Client, g *group, b *batch, p part, now time.Time) int32 {
	if !hasOlder(b.docs, p.docs, now.Add(-day).UnixMilli()) {
		return 0 // no group keeps for less than a day
	}
	return o.readRetention(ctx, client, g)
}

func hasOlder(docs []event.Doc, list []int, than int64) bool {
	if list == nil {
		return slices.ContainsFunc(docs, func(d event.Doc) bool { return d.Time < than })
	}
	return slices.ContainsFunc(list, func(i int) bool { return docs[i].Time < than })
}
