package pipeline

import (
	"fmt"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
)

// smallCut is the size of a cut's records up to which they are sent from memory and written merged with others. Above
// it a record's head and positions are a few per cent of it, and merging would cost more than it saves.
const smallCut = 4 << 10

// deferrable reports whether the records of a cut may be written later than they are sent: they are small, and all
// of their sources can be read again and will bring more.
func deferrable(cut []*event.Batch, records []*buffer.Record) bool {
	if !reread(cut) {
		return false
	}
	for _, b := range cut {
		if b.Done {
			return false
		}
	}
	size := 0
	for _, r := range records {
		size += len(r.Index) + len(r.Body)
	}
	return size <= smallCut
}

// merger makes one record of several small ones. One goroutine at a time uses it.
type merger struct {
	block   event.Block
	builder event.Builder
	inflate event.Inflater
	deflate event.Compressor
	raw     []byte
}

// merge is the buffer's Merge: it joins as many records from the first on as hold blocks of one kind.
func (m *merger) merge(records []*buffer.Record) (index, body []byte, n int, err error) {
	m.builder.Reset()
	for _, r := range records {
		if err := m.open(r); err != nil {
			return nil, nil, 0, err
		}
		if n > 0 && m.builder.Size()+m.block.RawSize > event.MaxBlock || !m.builder.Join(&m.block, m.raw) {
			break
		}
		n++
	}
	if n < 2 {
		return nil, nil, n, nil
	}
	if index, body, err = m.builder.Close(nil, nil, &m.deflate); err != nil {
		return nil, nil, 0, fmt.Errorf("close merged block: %w", err)
	}
	return index, body, n, nil
}

// open reads a record's block into block and raw.
func (m *merger) open(r *buffer.Record) error {
	if err := m.block.DecodeIndex(r.Index); err != nil {
		return fmt.Errorf("read block to merge: %w", err)
	}
	b := &m.block
	var err error
	if m.raw, err = m.inflate.Append(m.raw[:0], b.Codec, r.Body, b.RawSize, b.CRC); err != nil {
		return fmt.Errorf("read block to merge: %w", err)
	}
	return nil
}
