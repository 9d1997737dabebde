package event

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The index of a block, version 1. Numbers are little-endian or varints (u:
// unsigned, s: zigzag); columns hold one entry for each document and have a
// length before them so that a reader can pass one over.
//
//	version 1 byte | codec 1 byte | wrapping 8 | routes 8 | CRC-32 4 | raw size u | suffix u
//	set: number u (0 is all, n+1 is n names), then names (length u, bytes)
//	classes: number u, names
//	kinds: number u, then for each severity 1 byte, class 1 byte
//	sources: number u, then 8 bytes each
//	documents: number u, first time s (milliseconds)
//	column of runs: source u, number of documents u
//	columns: time s (to the one before) | position s (to the end of the one before of its source) |
//	         size u | sub u (column empty if all are 0) | kind 1 byte | length of prefix u |
//	         length of document less size s (to the one before)

const indexVersion = 1

// ErrCorrupt is wrapped by all errors about an index that cannot be read.
var ErrCorrupt = errors.New("corrupt index")

// AppendIndex appends the block's index.
func (b *Block) AppendIndex(dst []byte) []byte {
	le := binary.LittleEndian
	dst = append(dst, indexVersion, byte(b.Codec))
	dst = le.AppendUint64(dst, b.Wrapping)
	dst = le.AppendUint64(dst, b.Routes)
	dst = le.AppendUint32(dst, b.CRC)
	dst = binary.AppendUvarint(dst, uint64(b.RawSize))
	dst = binary.AppendUvarint(dst, uint64(b.Suffix))
	if b.Set == nil {
		dst = append(dst, 0)
	} else {
		dst = binary.AppendUvarint(dst, uint64(len(b.Set)+1))
		dst = appendNames(dst, b.Set)
	}
	var w indexWriter
	w.tables(b.Rows)
	dst = binary.AppendUvarint(dst, uint64(len(w.classes)))
	dst = appendNames(dst, w.classes)
	dst = binary.AppendUvarint(dst, uint64(len(w.kinds)))
	for _, k := range w.kinds {
		dst = append(dst, byte(k.severity), k.class)
	}
	dst = binary.AppendUvarint(dst, uint64(len(w.sources)))
	for _, s := range w.sources {
		dst = le.AppendUint64(dst, s)
	}
	dst = binary.AppendUvarint(dst, uint64(len(b.Rows)))
	return w.columns(dst, b.Rows)
}

func appendNames(dst []byte, names []string) []byte {
	for _, n := range names {
		dst = append(binary.AppendUvarint(dst, uint64(len(n))), n...)
	}
	return dst
}

type docKind struct {
	severity Severity
	class    byte
}

// indexWriter holds the tables that rows refer to. They are short: searched in
// order, beginning with the last hit.
type indexWriter struct {
	classes []string
	kinds   []docKind
	sources []uint64
	kindOf  []byte
}

func (w *indexWriter) tables(rows []IndexRow) {
	w.kindOf = make([]byte, len(rows))
	sources := map[uint64]bool{}
	for i := range rows {
		r := &rows[i]
		w.kindOf[i] = w.kind(r)
		if n := len(w.sources); n == 0 || w.sources[n-1] != r.ID.Source && !sources[r.ID.Source] {
			w.sources = append(w.sources, r.ID.Source)
			sources[r.ID.Source] = true
		}
	}
}

func (w *indexWriter) kind(r *IndexRow) byte {
	for i, k := range w.kinds {
		if k.severity == r.Severity && w.classes[k.class] == r.Retention {
			return byte(i)
		}
	}
	class := -1
	for i, c := range w.classes {
		if c == r.Retention {
			class = i
		}
	}
	if class < 0 {
		class = len(w.classes)
		w.classes = append(w.classes, r.Retention)
	}
	w.kinds = append(w.kinds, docKind{r.Severity, byte(class)})
	return byte(len(w.kinds) - 1)
}

// columns appends the columns of rows.
func (w *indexWriter) columns(dst []byte, rows []IndexRow) []byte {
	if len(rows) == 0 {
		return dst
	}
	dst = binary.AppendVarint(dst, rows[0].Time)
	number := make(map[uint64]uint64, len(w.sources))
	for i, s := range w.sources {
		number[s] = uint64(i)
	}
	for i := 0; i < len(rows); { // runs of one source
		k := i
		for k < len(rows) && rows[k].ID.Source == rows[i].ID.Source {
			k++
		}
		dst = binary.AppendUvarint(dst, number[rows[i].ID.Source])
		dst = binary.AppendUvarint(dst, uint64(k-i))
		i = k
	}
	t := rows[0].Time
	for i := range rows {
		dst = binary.AppendVarint(dst, rows[i].Time-t)
		t = rows[i].Time
	}
	ends := make(map[uint64]int64, len(w.sources))
	sub := false
	for i := range rows {
		id := &rows[i].ID
		dst = binary.AppendVarint(dst, id.Pos-ends[id.Source])
		ends[id.Source] = id.Pos + int64(id.Size)
		sub = sub || id.Sub != 0
	}
	for i := range rows {
		dst = binary.AppendUvarint(dst, uint64(rows[i].ID.Size))
	}
	if !sub {
		dst = append(dst, 0)
	} else {
		dst = append(dst, 1)
		for i := range rows {
			dst = binary.AppendUvarint(dst, uint64(rows[i].ID.Sub))
		}
	}
	dst = append(dst, w.kindOf...)
	for i := range rows {
		dst = binary.AppendUvarint(dst, uint64(rows[i].DocAt-rows[i].Start))
	}
	added := int64(0) // what the document has beyond its line: nearly the same for all
	for i := range rows {
		a := int64(rows[i].DocEnd) - int64(rows[i].DocAt) - int64(rows[i].ID.Size)
		dst = binary.AppendVarint(dst, a-added)
		added = a
	}
	return dst
}

// DecodeIndex reads an index into b, whose memory it uses again. Every offset
// that it gives lies within the raw size. Strings are copied; nothing aliases
// index.
func (b *Block) DecodeIndex(index []byte) error {
	d := indexReader{in: index}
	rows := b.Rows[:0]
	d.head(b)
	classes := d.names(d.uvarint(256))
	kinds := make([]docKind, d.uvarint(256))
	for i := range kinds {
		kinds[i] = docKind{Severity(d.byte()), d.byte()}
		if int(kinds[i].class) >= len(classes) {
			d.fail("class out of range")
		}
	}
	sources := make([]uint64, d.uvarint(uint64(len(d.in)/8)))
	for i := range sources {
		sources[i] = d.uint64()
	}
	n := int(d.uvarint(uint64(len(d.in)))) // a document takes several bytes
	if d.err != nil {
		return d.err
	}
	if cap(rows) < n {
		rows = make([]IndexRow, n)
	}
	b.Rows = rows[:n]
	d.columns(b, classes, kinds, sources)
	if d.err == nil && len(d.in) != 0 {
		d.fail("bytes behind the end")
	}
	return d.err
}

// head reads all that stands before the tables.
func (d *indexReader) head(b *Block) {
	rows := b.Rows[:0]
	if v := d.byte(); v != indexVersion && d.err == nil {
		d.fail(fmt.Sprintf("version %d", v))
	}
	*b = Block{Codec: Codec(d.byte()), Wrapping: d.uint64(), Routes: d.uint64(), CRC: d.uint32(), Rows: rows}
	b.RawSize = int(d.uvarint(MaxInflated))
	b.Suffix = int(d.uvarint(uint64(b.RawSize)))
	if n := d.uvarint(1 << 10); n > 0 {
		b.Set = d.names(n - 1)
	}
}

// columns reads the columns into b.Rows.
func (d *indexReader) columns(b *Block, classes []string, kinds []docKind, sources []uint64) {
	rows := b.Rows
	if len(rows) == 0 {
		return
	}
	t := d.varint()
	for i := 0; i < len(rows) && d.err == nil; {
		s := d.uvarint(uint64(len(sources)))
		k := d.uvarint(uint64(len(rows) - i))
		if int(s) >= len(sources) || k == 0 {
			d.fail("source out of range")
			return
		}
		for ; k > 0; k-- {
			rows[i] = IndexRow{ID: ID{Source: sources[s]}}
			i++
		}
	}
	for i := range rows {
		t += d.varint()
		rows[i].Time = t
	}
	gaps := make([]int64, len(rows))
	for i := range rows {
		gaps[i] = d.varint()
	}
	ends := make(map[uint64]int64, len(sources))
	for i := range rows {
		id := &rows[i].ID
		id.Size = uint32(d.uvarint(math.MaxUint32))
		id.Pos = ends[id.Source] + gaps[i]
		ends[id.Source] = id.Pos + int64(id.Size)
	}
	if d.byte() != 0 {
		for i := range rows {
			rows[i].ID.Sub = uint16(d.uvarint(math.MaxUint16))
		}
	}
	for i := range rows {
		k := int(d.byte())
		if k >= len(kinds) {
			d.fail("kind out of range")
			return
		}
		rows[i].Severity, rows[i].Retention = kinds[k].severity, classes[kinds[k].class]
	}
	for i := range rows {
		rows[i].DocAt = uint32(d.uvarint(uint64(b.RawSize)))
	}
	at, added := uint64(0), int64(0)
	for i := range rows {
		r := &rows[i]
		r.Start = uint32(at)
		doc := at + uint64(r.DocAt)
		added += d.varint()
		length := added + int64(r.ID.Size)
		if length < 0 || length > int64(b.RawSize) {
			d.fail("length out of range")
			return
		}
		end := doc + uint64(length)
		if at = end + uint64(b.Suffix); at > uint64(b.RawSize) {
			d.fail("document beyond the body")
			return
		}
		r.DocAt, r.DocEnd = uint32(doc), uint32(end)
	}
	if d.err == nil && at != uint64(b.RawSize) {
		d.fail("documents do not fill the body")
	}
}

// DecodeHead reads what an index says of the whole block; Rows is left empty.
func (b *Block) DecodeHead(index []byte) error {
	d := indexReader{in: index}
	d.head(b)
	return d.err
}
