package pipeline

import (
	"fmt"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
)

// Merger makes one record of several small ones: what a quiet node's lines
// cost on disk is mostly the heads of their records. It belongs to one
// goroutine; its Merge is the buffer's Options.Merge.
type Merger struct {
	block   event.Block
	joined  event.Builder
	inflate event.Inflater
	deflate event.Compressor
	raw     []byte
}

// Merge returns a record of the documents of the first n records, as many as
// are of one kind and fit a block; at least one. They follow each other in the
// log.
func (m *Merger) Merge(records []*buffer.Record) (merged *buffer.Record, n int, err error) {
	if len(records) == 1 {
		return records[0], 1, nil
	}
	m.joined.Reset()
	out := &buffer.Record{First: records[0].First, MinTime: records[0].MinTime, MaxTime: records[0].MaxTime}
	for _, r := range records {
		if ok, err := m.join(r); err != nil {
			return nil, 0, fmt.Errorf("merge record %d: %w", r.First, err)
		} else if !ok {
			break
		}
		n++
		out.Count += r.Count
		out.MinTime, out.MaxTime = min(out.MinTime, r.MinTime), max(out.MaxTime, r.MaxTime)
		out.State = append(out.State, r.State...)
	}
	if n <= 1 {
		return records[0], 1, nil
	}
	out.Index, out.Body, err = m.joined.Close(nil, nil, &m.deflate)
	if err != nil {
		return nil, 0, fmt.Errorf("merge records: %w", err)
	}
	return out, n, nil
}

// join adds a record's documents, if they may stand with those before.
func (m *Merger) join(r *buffer.Record) (bool, error) {
	if r.Count == 0 {
		return true, nil
	}
	if err := m.block.DecodeIndex(r.Index); err != nil {
		return false, err
	}
	if m.joined.Size()+m.block.RawSize > event.MaxBlock {
		return false, nil
	}
	var err error
	m.raw, err = m.inflate.Append(m.raw[:0], m.block.Codec, r.Body, m.block.RawSize, m.block.CRC)
	if err != nil {
		return false, err
	}
	return m.joined.Join(&m.block, m.raw), nil
}
