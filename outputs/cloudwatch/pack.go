package cloudwatch

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// The limits of one call.
const (
	maxCallBytes  = 1048576 // of all texts, with perEvent for each
	perEvent      = 26
	maxCallEvents = 10000
	maxCallSpan   = 24 * time.Hour
)

// The limits of an event's time.
const (
	maxAge   = 14 * day
	maxAhead = 2 * time.Hour
	// margin is how far beyond a limit an event must be to be refused by us:
	// nearer ones are for the service to judge, whose clock counts.
	margin = 5 * time.Minute
)

// item is one event of a call.
type item struct {
	time int64
	text []byte
	doc  int32
	last bool // of its document's, which can be several
}

// batch is what one Send works with.
type batch struct {
	docs   []event.Doc
	items  []item
	arena  []byte
	state  []docState
	failed []outputs.Failure
	taken  int
	large  int // documents that were cut or split
}

type docState uint8

const (
	waiting docState = iota
	taken
	refusedForGood
)

func (b *batch) reset(docs []event.Doc) {
	b.docs = docs
	b.state = slices.Grow(b.state[:0], len(docs))[:len(docs)]
	clear(b.state)
	b.failed, b.taken, b.large = nil, 0, 0 // failed is handed out
}

// release lets go of all that belongs to a request.
func (b *batch) release() {
	clear(b.items)
	b.docs, b.items, b.failed = nil, b.items[:0], nil
	if cap(b.arena) > 4*maxCallBytes {
		b.arena = nil
	}
	b.arena = b.arena[:0]
}

// refuse makes a document a dead letter.
func (b *batch) refuse(doc int, reason string) {
	if b.state[doc] == waiting {
		b.state[doc] = refusedForGood
		b.failed = append(b.failed, outputs.Failure{Index: doc, Answer: outputs.Poison, Reason: reason})
	}
}

// fill makes the events of some documents (all, if list is nil), in the order
// of their times. What the service would refuse is refused.
func (b *batch) fill(list []int, c *Config, w window) {
	b.items = b.items[:0]
	if list == nil {
		for i := range b.docs {
			b.add(i, c, w)
		}
	}
	for _, i := range list {
		b.add(i, c, w)
	}
	if !slices.IsSortedFunc(b.items, byTime) {
		slices.SortStableFunc(b.items, byTime)
	}
}

func byTime(x, y item) int { return cmp.Compare(x.time, y.time) }

func (b *batch) add(i int, c *Config, w window) {
	d := &b.docs[i]
	if reason := w.refuses(d.Time); reason != "" {
		b.refuse(i, reason)
		return
	}
	text, limit := b.message(d, c.Message), int(c.MaxEventSize)
	if len(text) <= limit {
		b.items = append(b.items, item{d.Time, text, int32(i), true})
		return
	}
	b.large++
	if c.OnLarge == onLargeCut {
		b.items = append(b.items, item{d.Time, cutText(text, limit), int32(i), true})
		return
	}
	parts := splitText(text, limit, idText(d.ID))
	for k, part := range parts {
		b.items = append(b.items, item{d.Time, part, int32(i), k == len(parts)-1})
	}
}

func idText(id event.ID) string {
	return fmt.Sprintf("%016x-%d-%d.%d", id.Source, id.Pos, id.Size, id.Sub)
}

// nextCall returns how many of the items fit into one call.
func nextCall(items []item) int {
	size := 0
	for i := range items {
		size += len(items[i].text) + perEvent
		span := time.Duration(items[i].time-items[0].time) * time.Millisecond
		if i == maxCallEvents || size > maxCallBytes || span >= maxCallSpan {
			return i
		}
	}
	return len(items)
}

// window is the times that the service takes. The zero value takes all that
// have a time since 1970.
type window struct {
	oldest, newest int64 // milliseconds; 0 is no limit
	keep           time.Duration
}

func newWindow(now time.Time, known bool, days int32) window {
	if !known {
		return window{}
	}
	w := window{oldest: now.Add(-maxAge - margin).UnixMilli(), newest: now.Add(maxAhead + margin).UnixMilli()}
	if keep := keepOf(days); keep > 0 && keep < maxAge {
		w.oldest, w.keep = now.Add(-keep-margin).UnixMilli(), keep
	}
	return w
}

// refuses says why the service will not take an event of a time, or "".
func (w window) refuses(at int64) string {
	switch {
	case at < 0:
		return "its time is before 1970"
	case w.newest != 0 && at > w.newest:
		return "too new: more than 2 hours ahead of the service's clock"
	case at >= w.oldest:
		return ""
	case w.keep != 0:
		return fmt.Sprintf("expired: older than the %d days that its log group keeps", w.keep/day)
	}
	return "too old: more than 14 days"
}
