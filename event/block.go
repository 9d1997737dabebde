package event

import (
	"hash/crc32"
	"slices"
)

// MaxBlock is the raw size at which a block is closed even within a cut. One
// larger document stands in a block of its own.
const MaxBlock = 1 << 20

// Block is a run of documents as the buffer stores them: an index and a
// compressed body. The body is the documents in a row, each as one output
// wraps it or, where Wrapping is 0, followed by a newline.
type Block struct {
	Codec    Codec
	Wrapping uint64   // hash of how the documents are wrapped; 0 is bare lines
	Routes   uint64   // hash of the routes that chose the set
	Set      []string // the outputs it is for; nil is all
	CRC      uint32   // CRC-32 (IEEE) of the raw body
	RawSize  int
	Suffix   int // bytes behind each document in its wrapping
	Rows     []IndexRow
}

// IndexRow is what the index knows of a document.
type IndexRow struct {
	ID        ID
	Time      int64 // milliseconds since 1970
	Severity  Severity
	Retention string
	Start     uint32 // of its wrapping in the raw body
	DocAt     uint32 // of the bare document in the raw body
	DocEnd    uint32
}

// End is where the row's wrapping ends in the raw body.
func (b *Block) End(i int) uint32 { return b.Rows[i].DocEnd + uint32(b.Suffix) }

// Wrapped is the document of row i in its wrapping, from the raw body.
func (b *Block) Wrapped(raw []byte, i int) []byte { return raw[b.Rows[i].Start:b.End(i)] }

// Doc fills d with the document of row i from the raw body.
func (b *Block) Doc(d *Doc, raw []byte, i int) {
	r := &b.Rows[i]
	*d = Doc{JSON: raw[r.DocAt:r.DocEnd:r.DocEnd], ID: r.ID, Time: r.Time, Severity: r.Severity, Retention: r.Retention}
}

// Wrap appends a document as an output's body has it and tells where the bare
// document begins in what it appended.
type Wrap func(dst []byte, d *Doc) (out []byte, docAt int, err error)

// BareWrap is the wrapping 0: the document and a newline.
func BareWrap(dst []byte, d *Doc) ([]byte, int, error) {
	return append(append(dst, d.JSON...), '\n'), 0, nil
}

// Builder collects documents into one block. It belongs to one goroutine and
// keeps its memory from block to block.
type Builder struct {
	Block
	raw []byte
}

// Reset begins a new block.
func (w *Builder) Reset() {
	w.Block = Block{Rows: w.Rows[:0]}
	w.raw = w.raw[:0]
}

// Len is the number of documents; Size their raw bytes.
func (w *Builder) Len() int  { return len(w.Rows) }
func (w *Builder) Size() int { return len(w.raw) }

// Add appends d as wrap has it. If wrap refuses d, the block is as before.
func (w *Builder) Add(d *Doc, wrap Wrap) error {
	start := len(w.raw)
	out, docAt, err := wrap(w.raw, d)
	if err != nil {
		w.raw = w.raw[:start]
		return err
	}
	w.raw = out
	docAt += start
	docEnd := docAt + len(d.JSON)
	w.Suffix = len(out) - docEnd
	w.Rows = append(w.Rows, IndexRow{
		ID: d.ID, Time: d.Time, Severity: d.Severity, Retention: d.Retention,
		Start: uint32(start), DocAt: uint32(docAt), DocEnd: uint32(docEnd),
	})
	return nil
}

// Join adds the documents of a block, whose raw body is given. It reports false,
// and adds nothing, where that block is not of the same kind: another codec,
// wrapping or set of outputs.
func (w *Builder) Join(b *Block, raw []byte) bool {
	if w.Len() == 0 {
		rows := w.Rows
		w.Block = *b
		w.Rows = rows
	}
	if w.Codec != b.Codec || w.Wrapping != b.Wrapping || w.Routes != b.Routes || w.Suffix != b.Suffix || !slices.Equal(w.Set, b.Set) {
		return false
	}
	at := uint32(len(w.raw))
	w.raw = append(w.raw, raw...)
	for _, r := range b.Rows {
		r.Start, r.DocAt, r.DocEnd = r.Start+at, r.DocAt+at, r.DocEnd+at
		w.Rows = append(w.Rows, r)
	}
	return true
}

// Close appends the index and the compressed body of the block.
func (w *Builder) Close(index, body []byte, c *Compressor) (newIndex, newBody []byte, err error) {
	w.RawSize = len(w.raw)
	w.CRC = crc32.ChecksumIEEE(w.raw)
	if body, err = c.Append(body, w.Codec, w.raw); err != nil {
		return index, body, err
	}
	return w.AppendIndex(index), body, nil
}
