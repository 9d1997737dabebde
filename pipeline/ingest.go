package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/parsers"
)

// Appender is what ingest needs of the buffer.
type Appender interface {
	Append(ctx context.Context, cut []*buffer.Record) (buffer.Ticket, error)
}

// Ingest is the left half of the straight path: it parses, enriches and
// classifies the rows of a cut, writes each as a document into a block, and
// appends the blocks to the log together with the positions of their sources.
type Ingest struct {
	log     Appender
	pool    *event.Pool
	logger  *slog.Logger
	graph   atomic.Pointer[Graph]
	workers chan *worker // as many as may compress at a time
	sources *sources

	mu    sync.Mutex
	tally Tally // guarded by mu
}

// NewIngest returns an Ingest for a log whose state is given. SetGraph must be
// called before the first Emit.
func NewIngest(log Appender, state map[string][]byte, pool *event.Pool, logger *slog.Logger, now func() time.Time) *Ingest {
	n := min(runtime.GOMAXPROCS(0), 4)
	in := &Ingest{log: log, pool: pool, logger: logger, workers: make(chan *worker, n), sources: newSources(state, now)}
	for range n {
		in.workers <- &worker{}
	}
	return in
}

// SetGraph puts a graph in the place of the one before. Cuts under way end
// with the old one.
func (in *Ingest) SetGraph(g *Graph) { in.graph.Store(g) }

// Saved returns the positions of one input's sources.
func (in *Ingest) Saved(input string) inputs.Positions { return in.sources.saved(input) }

// Emit is the inputs.Emit of all inputs.
func (in *Ingest) Emit(ctx context.Context, cut []*event.Batch) (inputs.Ticket, error) {
	var w *worker
	select {
	case w = <-in.workers:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	records, err := w.build(in.graph.Load(), cut)
	tally := w.count
	in.workers <- w
	if err != nil {
		return nil, err
	}
	m := in.sources.move(cut)
	if len(records) == 0 && !in.sources.due() {
		in.sources.hold(m)
		in.done(cut, &tally)
		return taken{}, nil
	}
	if len(records) == 0 {
		records = []*buffer.Record{{}}
	}
	records[len(records)-1].State = m.entries
	later := deferrable(cut, records)
	for _, r := range records {
		r.Introduces, r.Sync, r.Defer = m.introduces, !reread(cut), later
	}
	ticket, err := in.log.Append(ctx, records)
	if err != nil {
		in.sources.abort(m)
		return nil, fmt.Errorf("append to the buffer: %w", err)
	}
	in.sources.commit(m)
	in.done(cut, &tally)
	return ticket, nil
}

// reread reports whether all of a cut can be read again from its sources.
func reread(cut []*event.Batch) bool {
	for _, b := range cut {
		if !b.Source.Reread {
			return false
		}
	}
	return true
}

// done counts a cut that was taken and keeps the memory of its batches.
func (in *Ingest) done(cut []*event.Batch, t *Tally) {
	in.mu.Lock()
	in.tally.add(t)
	in.mu.Unlock()
	for _, b := range cut {
		in.pool.Put(b)
	}
}

// Flush writes the positions of sources of which lines were only dropped.
func (in *Ingest) Flush(ctx context.Context) error {
	state := in.sources.flush()
	if len(state) == 0 {
		return nil
	}
	_, err := in.log.Append(ctx, []*buffer.Record{{State: state}})
	return err
}

// taken is the ticket of a cut of which nothing had to be written.
type taken struct{}

func (taken) Wait(context.Context) error { return nil }

// worker turns cuts into records. It belongs to one goroutine at a time and
// keeps its memory.
type worker struct {
	view     event.View
	doc      event.Doc
	json     []byte
	body     []byte
	index    []byte
	builders [maxOpen]event.Builder
	deflate  event.Compressor
	records  []*buffer.Record
	count    Tally
}

// build makes the records of the documents of one cut.
func (w *worker) build(g *Graph, cut []*event.Batch) ([]*buffer.Record, error) {
	w.records = nil
	w.count = Tally{}
	for i := range w.builders {
		w.builders[i].Reset()
	}
	for _, b := range cut {
		if err := w.batch(g, b); err != nil {
			return nil, err
		}
	}
	for i := range w.builders {
		if err := w.close(g, i); err != nil {
			return nil, err
		}
	}
	return w.records, nil
}

// batch puts the rows of one batch into the open blocks.
func (w *worker) batch(g *Graph, b *event.Batch) error {
	c, ok := g.chains[b.Source.Input]
	if !ok {
		return fmt.Errorf("input %q is not in the config", b.Source.Input)
	}
	w.view = event.View{Batch: b, Classes: g.names}
	w.count.Rows += int64(b.Len())
	w.count.Bytes += b.End - b.Start
	for i := range b.Len() {
		keep := g.prepare(&c, &w.view, i)
		if e := b.Row(i).Error; e != event.NoError {
			w.count.Errors[e]++
		}
		if !keep {
			w.count.Dropped++
			continue
		}
		set, routed := g.routes.choose(&w.view)
		if !routed {
			w.count.Unrouted++
		}
		w.json = b.AppendDocument(w.json[:0], i, g.names)
		w.view.Doc(&w.doc, w.json)
		if err := w.add(g, set); err != nil {
			return err
		}
	}
	return nil
}

// prepare parses, enriches and classifies row i of the view's batch. A row of
// which its input knows the fields is not parsed. It reports false where a rule dropped the row.
func (g *Graph) prepare(c *Chain, v *event.View, i int) bool {
	b := v.Batch
	v.Index = i
	if b.Row(i).Flags&event.Whole == 0 && !parse(c.Parser, b, i) {
		b.Clear(i)
	}
	for k := range c.Enrich {
		c.Enrich[k].Apply(b, i, v)
	}
	r := b.Row(i)
	if r.Flags&event.Dropped != 0 {
		return false
	}
	r.Class = g.classify(v)
	return true
}

// parse is p.Parse, but a panic in it costs its record no more than its fields.
func parse(p parsers.Parser, b *event.Batch, i int) (ok bool) {
	defer func() {
		if recover() != nil {
			b.Row(i).Error, ok = event.Internal, false
		}
	}()
	return p.Parse(b, i)
}

// add puts w.doc into the open block for a set of outputs.
func (w *worker) add(g *Graph, set int) error {
	n := g.routes.open(set)
	bl := &w.builders[n]
	if bl.Size()+len(w.doc.JSON) > event.MaxBlock && bl.Len() > 0 {
		if err := w.close(g, n); err != nil {
			return err
		}
	}
	if bl.Len() == 0 {
		bl.Codec, bl.Wrapping = g.codec, g.wrapID
		g.routes.stamp(&bl.Block, set)
	}
	if err := bl.Add(&w.doc, g.wrap); err == nil {
		return nil
	}
	return w.addBare(g, n, set)
}

// addBare puts a document that its wrapping refuses into a block of its own,
// bare: delivery will dead-letter it where it is refused, and nowhere else.
func (w *worker) addBare(g *Graph, n, set int) error {
	if err := w.close(g, n); err != nil {
		return err
	}
	bl := &w.builders[n]
	bl.Codec = event.Zstd
	g.routes.stamp(&bl.Block, set)
	if err := bl.Add(&w.doc, event.BareWrap); err != nil {
		return err
	}
	return w.close(g, n)
}

// close makes a record of open block n, if there is anything in it.
func (w *worker) close(g *Graph, n int) error {
	bl := &w.builders[n]
	if bl.Len() == 0 {
		return nil
	}
	var err error
	if w.index, w.body, err = bl.Close(w.index[:0], w.body[:0], &w.deflate); err != nil {
		return fmt.Errorf("close block: %w", err)
	}
	r := &buffer.Record{Count: uint32(bl.Len()), Index: clone(w.index), Body: clone(w.body)}
	r.MinTime, r.MaxTime = bl.Rows[0].Time, bl.Rows[0].Time
	for i := range bl.Rows {
		r.MinTime, r.MaxTime = min(r.MinTime, bl.Rows[i].Time), max(r.MaxTime, bl.Rows[i].Time)
	}
	w.records = append(w.records, r)
	w.count.Documents += int64(bl.Len())
	w.count.Encoded += int64(bl.Size())
	bl.Reset()
	return nil
}

func clone(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }

// Tally is what ingest has done since the start.
type Tally struct {
	Rows      int64     `json:"rows"`  // read
	Bytes     int64     `json:"bytes"` // of the sources
	Documents int64     `json:"documents"`
	Encoded   int64     `json:"encoded"`  // bytes of the documents before compression
	Dropped   int64     `json:"dropped"`  // by enrich rules
	Unrouted  int64     `json:"unrouted"` // taken by no route: they went to every output
	Errors    [16]int64 `json:"-"`        // by event.ParseError
}

func (t *Tally) add(d *Tally) {
	t.Rows += d.Rows
	t.Bytes += d.Bytes
	t.Documents += d.Documents
	t.Encoded += d.Encoded
	t.Dropped += d.Dropped
	t.Unrouted += d.Unrouted
	for i := range t.Errors {
		t.Errors[i] += d.Errors[i]
	}
}

// Tally returns what has been done so far.
func (in *Ingest) Tally() Tally {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.tally
}
