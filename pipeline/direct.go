package pipeline

import (
	"context"
	"fmt"
	"sync"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
)

// Direct is ingest without a buffer, for looking at logs: documents are shown
// as they are read and nothing is kept.
type Direct struct {
	graph *Graph
	pool  *event.Pool
	show  func(docs []event.Doc) error

	mu   sync.Mutex
	view event.View
	docs []event.Doc
	json []byte
}

// NewDirect returns a Direct that hands the documents of each cut to show, one
// cut at a time. They are valid until show returns.
func NewDirect(g *Graph, pool *event.Pool, show func(docs []event.Doc) error) *Direct {
	return &Direct{graph: g, pool: pool, show: show}
}

// Emit is an inputs.Emit. An error of show ends the input.
func (d *Direct) Emit(_ context.Context, cut []*event.Batch) (inputs.Ticket, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range cut {
		if err := d.batch(b); err != nil {
			return nil, err
		}
		d.pool.Put(b)
	}
	return taken{}, nil
}

func (d *Direct) batch(b *event.Batch) error {
	c, ok := d.graph.chains[b.Source.Input]
	if !ok {
		return fmt.Errorf("input %q is not in the config", b.Source.Input)
	}
	d.view = event.View{Batch: b, Classes: d.graph.names}
	d.docs, d.json = d.docs[:0], d.json[:0]
	var ends []int
	for i := range b.Len() {
		if !d.graph.prepare(&c, &d.view, i) {
			continue
		}
		d.json = b.AppendDocument(d.json, i, d.graph.names)
		var doc event.Doc
		d.view.Doc(&doc, nil)
		d.docs, ends = append(d.docs, doc), append(ends, len(d.json))
	}
	for i, start := 0, 0; i < len(ends); i++ {
		d.docs[i].Written(d.json[start:ends[i]])
		start = ends[i]
	}
	return d.show(d.docs)
}
