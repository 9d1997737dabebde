package event

import (
	"bytes"
	"slices"
)

// MaxBatch is the size in bytes at which an input starts a new batch. One
// longer line stands in a batch of its own.
const MaxBatch = 1 << 20

// Batch is a run of records of one source, in the order of their offsets. It
// has one owner at a time; who emits it gives it away.
type Batch struct {
	Source *Source
	// Start and End are the bytes of the source that this batch accounts
	// for: every byte between them is in a row, in a counted drop, or between
	// records. Start is the End of the source's previous batch, or a gap that
	// the audit shows as lost.
	Start, End int64
	// State is what the input needs to find this place again after a restart
	// (identity, hashes); opaque, stored in the same cut as the rows.
	State []byte
	// Done says that the source will bring nothing more and may be forgotten.
	Done bool
	// ReadAt is when the lines were read, in nanoseconds since 1970.
	ReadAt int64

	rows   []Row
	fields []Field
	arena  []byte
}

// Flag is a property of a row.
type Flag uint8

// The flags of a row.
const (
	Dropped   Flag = 1 << iota // an enrich rule dropped it; it is counted and not written
	Truncated                  // the line was longer than max_line_size and was cut
	Continued                  // this is a later part of a split or flushed line
	Whole                      // fields carry the whole line; it is not repeated as message
	Partial                    // flushed before its newline came
)

// Row is one record of a batch.
type Row struct {
	Time     int64  // event time in nanoseconds since 1970; 0 is not known
	Pos      int64  // offset of its first byte in the source
	Size     uint32 // bytes of the source that it takes, line ends included
	Sub      uint16 // counts up where one record made several rows
	Class    uint8  // retention class, an index into the config's classes
	Severity Severity
	Flags    Flag
	Error    ParseError
	Line     Span // the record as read, decoded to UTF-8 where the source has another encoding; without the final line end
	first, n uint32
}

// keys are the texts of the well-known keys; every arena begins with them, so
// that their spans are constants.
const keys = "@timestamp" + "message" + "log.level" + "service.name" + "error.message"

// The spans of well-known keys, valid in every batch.
var (
	KeyTimestamp    = Span{0, 10}
	KeyMessage      = Span{10, 7}
	KeyLevel        = Span{17, 9}
	KeyService      = Span{26, 12}
	KeyErrorMessage = Span{38, 13}
)

// NewBatch returns an empty batch for src.
func NewBatch(src *Source) *Batch {
	b := &Batch{}
	b.Reset(src)
	return b
}

// Reset empties b for use with src and keeps its memory.
func (b *Batch) Reset(src *Source) {
	*b = Batch{Source: src, rows: b.rows[:0], fields: b.fields[:0], arena: append(b.arena[:0], keys...)}
}

// Len is the number of rows.
func (b *Batch) Len() int { return len(b.rows) }

// Size is the number of bytes that the batch holds.
func (b *Batch) Size() int { return len(b.arena) }

// Row returns row i, to be read and changed in place. It is valid until the
// next call of AddLine or Reset.
func (b *Batch) Row(i int) *Row { return &b.rows[i] }

// Bytes returns the bytes of a span. They are valid until the batch grows.
func (b *Batch) Bytes(s Span) []byte { return b.arena[s.Off:s.End():s.End()] }

// Line returns the record of row i as read.
func (b *Batch) Line(i int) []byte { return b.Bytes(b.rows[i].Line) }

// Fields returns the fields of row i, to be read and changed in place. They
// are valid until the next call of a method that adds fields.
func (b *Batch) Fields(i int) []Field {
	r := &b.rows[i]
	return b.fields[r.first : r.first+r.n : r.first+r.n]
}

// AddLine appends a row for a record: its text, its offset in the source and
// the bytes of the source that it takes.
func (b *Batch) AddLine(text []byte, pos int64, size int) *Row {
	b.rows = append(b.rows, Row{Pos: pos, Size: uint32(size), Line: b.Store(text)})
	return &b.rows[len(b.rows)-1]
}

// ExtendLine appends text to the record of the last row, after a newline, and
// size bytes of the source: the next line of a multi-line record. Nothing may
// have been stored since that row's line.
func (b *Batch) ExtendLine(text []byte, size int) {
	r := &b.rows[len(b.rows)-1]
	b.arena = append(append(b.arena, '\n'), text...)
	r.Line.Len += uint32(len(text) + 1)
	r.Size += uint32(size)
}

// Store copies text into the arena.
func (b *Batch) Store(text []byte) Span {
	s := Span{uint32(len(b.arena)), uint32(len(text))}
	b.arena = append(b.arena, text...)
	return s
}

// StoreString copies text into the arena.
func (b *Batch) StoreString(text string) Span {
	s := Span{uint32(len(b.arena)), uint32(len(text))}
	b.arena = append(b.arena, text...)
	return s
}

// Append grows the arena by what f appends to it and returns its span. It is
// how values are made in place, without a buffer between.
func (b *Batch) Append(f func(dst []byte) []byte) Span {
	n := len(b.arena)
	b.arena = f(b.arena)
	return Span{uint32(n), uint32(len(b.arena) - n)}
}

// SpanIn returns the span of sub, which must be a subslice of Bytes(s). It is
// how a parser that works on a line's bytes names what it found.
func (b *Batch) SpanIn(s Span, sub []byte) Span {
	line := b.Bytes(s)
	return Span{s.Off + uint32(cap(line)-cap(sub)), uint32(len(sub))}
}

// Add appends a field to row i without looking for one of the same key: for
// parsers, which know that there is none.
func (b *Batch) Add(i int, f Field) {
	r := &b.rows[i]
	if r.n == 0 {
		r.first = uint32(len(b.fields))
	} else if r.first+r.n != uint32(len(b.fields)) { // others follow: move the row's run to the end
		first := uint32(len(b.fields))
		b.fields = append(b.fields, b.fields[r.first:r.first+r.n]...)
		r.first = first
	}
	b.fields = append(b.fields, f)
	r.n++
}

// Extend gives row i, which has no fields yet, n of them, to be filled in place:
// what they hold is undefined. They are valid until the next call of a method
// that adds fields.
func (b *Batch) Extend(i, n int) []Field {
	r := &b.rows[i]
	r.first, r.n = uint32(len(b.fields)), uint32(n)
	b.fields = slices.Grow(b.fields, n)[:len(b.fields)+n]
	return b.Fields(i)
}

// Set gives row i a field, in the place of one with the same key.
func (b *Batch) Set(i int, key string, kind Kind, val Span) {
	if k := b.Find(i, key); k >= 0 {
		f := &b.Fields(i)[k]
		f.Val, f.Kind, f.Inline = val, kind, false
		return
	}
	b.Add(i, Field{Key: b.StoreString(key), Val: val, Kind: kind})
}

// Remove takes field k away from row i.
func (b *Batch) Remove(i, k int) {
	fs := b.Fields(i)
	copy(fs[k:], fs[k+1:])
	b.rows[i].n--
}

// Clear takes all fields away from row i, as a parser does that gives up.
func (b *Batch) Clear(i int) { b.rows[i].n = 0 }

// Find returns the index of the field with that key in row i, or -1.
func (b *Batch) Find(i int, key string) int {
	for k, f := range b.Fields(i) {
		if int(f.Key.Len) == len(key) && string(b.arena[f.Key.Off:f.Key.End()]) == key {
			return k
		}
	}
	return -1
}

// FindBytes is Find for a key that is not a string.
func (b *Batch) FindBytes(i int, key []byte) int {
	for k, f := range b.Fields(i) {
		if int(f.Key.Len) == len(key) && bytes.Equal(b.arena[f.Key.Off:f.Key.End()], key) {
			return k
		}
	}
	return -1
}

// Poison overwrites all that b holds. Tests call it after they gave a batch
// away, so that whoever kept it is found out.
func (b *Batch) Poison() {
	for i := range b.arena {
		b.arena[i] = 0xDB
	}
	clear(b.rows)
	clear(b.fields)
}
