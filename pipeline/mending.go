package pipeline

import (
	"fmt"
	"strings"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
)

// named stands in the place of the routes' hash in blocks that repeat
// documents for the outputs that lack them: no change of routes sends them to
// another.
const named = 2

// mending makes new records of the documents of a damaged one. It belongs to
// one goroutine.
type mending struct {
	repair  *buffer.Repair
	graph   *Graph
	block   event.Block      // the index of the damaged record
	sources []uint64         // in the order of the index
	names   []string         // of those that are known, for people
	rows    map[event.ID]int // that some output lacks, and that are to be read again
	fates   []string         // of each document: why it is lost, or ""
	placed  []int            // documents that are in the new records
	targets map[string]*target
	done    []*buffer.Record

	view    event.View
	doc     event.Doc
	json    []byte
	deflate event.Compressor
}

// target is an open block for one set of outputs.
type target struct {
	event.Builder
	outputs []string
}

func newMending(r *buffer.Repair, g *Graph) *mending {
	return &mending{repair: r, graph: g, fates: make([]string, r.Count), rows: map[event.ID]int{}, targets: map[string]*target{}}
}

// plan reads the index. It returns false if that says nothing.
func (m *mending) plan() bool {
	if m.block.DecodeIndex(m.repair.Index) != nil || len(m.block.Rows) != int(m.repair.Count) {
		for i := range m.fates {
			m.fates[i] = lostIndex
		}
		return false
	}
	known := map[uint64]bool{}
	for i := range m.block.Rows {
		if !m.lacked(i) {
			continue
		}
		id := m.block.Rows[i].ID
		m.rows[id] = i
		if !known[id.Source] {
			known[id.Source] = true
			m.sources = append(m.sources, id.Source)
		}
	}
	return true
}

// lacked reports whether any output lacks document i.
func (m *mending) lacked(i int) bool {
	for k := range m.repair.Lacking {
		if m.repair.Lacking[k].Has(m.repair.First + uint64(i)) {
			return true
		}
	}
	return false
}

// skip leaves out what of a source lies at end or behind it: its input went on
// there at the start and reads it by itself.
func (m *mending) skip(source uint64, end int64) {
	for id := range m.rows {
		if id.Source == source && id.Pos >= end {
			delete(m.rows, id)
		}
	}
}

// extents are the bytes of a source that are to be read again, in order.
func (m *mending) extents(source uint64) []inputs.Extent {
	var out []inputs.Extent
	for i := range m.block.Rows {
		id := m.block.Rows[i].ID
		if k, ok := m.rows[id]; !ok || k != i || id.Source != source {
			continue
		}
		e := inputs.Extent{Pos: id.Pos, Size: id.Size}
		if n := len(out); n == 0 || out[n-1] != e { // several documents can come of one record
			out = append(out, e)
		}
	}
	return out
}

// lose says why documents of a source are lost, unless add finds them.
func (m *mending) lose(source uint64, why string) {
	for id, i := range m.rows {
		if id.Source == source {
			m.fates[i] = why
		}
	}
}

// loseWritten takes back that documents were placed in new records.
func (m *mending) loseWritten(why string) {
	for _, i := range m.placed {
		m.fates[i] = why
	}
	m.placed = nil
}

// add makes documents of lines that were read again, as ingest does, and puts
// those that the damaged record had into blocks for the outputs that lack them.
func (m *mending) add(b *event.Batch) error {
	chain, ok := m.graph.chains[b.Source.Input]
	if !ok {
		m.lose(b.Source.ID, lostInput)
		return nil
	}
	m.view = event.View{Batch: b, Classes: m.graph.names}
	for i := range b.Len() {
		row := b.Row(i)
		id := event.ID{Source: b.Source.ID, Pos: row.Pos, Size: row.Size, Sub: row.Sub}
		k, ok := m.rows[id]
		if !ok {
			continue
		}
		b.ReadAt = m.block.Rows[k].Time * 1e6 // what has no time of its own keeps the one it had
		m.fates[k] = ""
		if !m.graph.prepare(&chain, &m.view, i) {
			continue
		}
		to := m.takers(k)
		if len(to) == 0 {
			continue
		}
		m.json = b.AppendDocument(m.json[:0], i, m.graph.names)
		m.view.Doc(&m.doc, m.json)
		if err := m.put(to); err != nil {
			return err
		}
		m.placed = append(m.placed, k)
	}
	return nil
}

// takers are the outputs that lack document i and that the routes give it to.
func (m *mending) takers(i int) []string {
	set, _ := m.graph.routes.choose(&m.view)
	var to []string
	for k := range m.repair.Lacking {
		lack := &m.repair.Lacking[k]
		if m.block.Routes == named && !contains(m.block.Set, lack.Cursor) { // it repeats documents itself
			continue
		}
		if lack.Has(m.repair.First+uint64(i)) && m.graph.routes.takes(set, lack.Cursor) {
			to = append(to, lack.Cursor)
		}
	}
	return to
}

// put puts m.doc into the open block for some outputs.
func (m *mending) put(to []string) error {
	key := strings.Join(to, "\n")
	t := m.targets[key]
	if t == nil {
		t = &target{outputs: to}
		m.targets[key] = t
	}
	if t.Len() > 0 && t.Size()+len(m.doc.JSON) > event.MaxBlock {
		if err := m.close(t); err != nil {
			return err
		}
	}
	if t.Len() == 0 {
		t.Codec, t.Wrapping, t.Routes, t.Set = m.graph.codec, m.graph.wrapID, named, t.outputs
	}
	if t.Add(&m.doc, m.graph.wrap) == nil {
		return nil
	}
	if err := m.close(t); err != nil { // its wrapping refuses it: it stands alone and bare
		return err
	}
	t.Codec, t.Routes, t.Set = event.Zstd, named, t.outputs
	if err := t.Add(&m.doc, event.BareWrap); err != nil {
		return err
	}
	return m.close(t)
}

// close makes a record of an open block.
func (m *mending) close(t *target) error {
	if t.Len() == 0 {
		return nil
	}
	index, body, err := t.Close(nil, nil, &m.deflate)
	if err != nil {
		return fmt.Errorf("close block: %w", err)
	}
	r := &buffer.Record{Count: uint32(t.Len()), Index: index, Body: body, Sync: true, MinTime: t.Rows[0].Time, MaxTime: t.Rows[0].Time}
	for i := range t.Rows {
		r.MinTime, r.MaxTime = min(r.MinTime, t.Rows[i].Time), max(r.MaxTime, t.Rows[i].Time)
	}
	m.done = append(m.done, r)
	t.Reset()
	return nil
}

// records returns the new records.
func (m *mending) records() ([]*buffer.Record, error) {
	for _, t := range m.targets {
		if err := m.close(t); err != nil {
			return nil, err
		}
	}
	return m.done, nil
}

// settle lets the cursors pass the damaged record, and returns how many of its
// documents are lost, by reason.
func (m *mending) settle() map[string]int64 {
	lost := map[string]int64{}
	for i := 0; i < len(m.fates); {
		why, n := m.fates[i], 0
		for n == 0 || i+n < len(m.fates) && m.fates[i+n] == why {
			if why != "" && m.lacked(i+n) {
				lost[why]++
			}
			n++
		}
		if first := m.repair.First + uint64(i); why == "" {
			m.repair.Replaced(first, uint64(n))
		} else {
			m.repair.Lost(first, uint64(n))
		}
		i += n
	}
	return lost
}

// outputs are the outputs that lack documents of the record.
func (m *mending) outputs() string {
	var names []string
	for i := range m.repair.Lacking {
		names = append(names, m.repair.Lacking[i].Cursor)
	}
	return strings.Join(names, " ")
}
