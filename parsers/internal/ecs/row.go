package ecs

import (
	"bytes"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

// Rows keeps Rows between their uses. The zero value is ready.
type Rows struct{ free sync.Pool }

// Get returns a Row.
func (r *Rows) Get() *Row {
	if w, ok := r.free.Get().(*Row); ok {
		return w
	}
	return &Row{}
}

// Put takes a Row back.
func (r *Rows) Put(w *Row) { r.free.Put(w) }

// Row puts the fields of one row in their places: Begin, Put for each field,
// End. It is reused from row to row.
type Row struct {
	b     *event.Batch
	i     int
	loc   *time.Location
	keys  keyset
	count int // fields of the row so far
	first int // fields that it had before the parser came
	moved int // fields that went to labels
	fresh int // values that were rewritten

	time, level, message winner
	held                 [2]event.Field // event and log, which are either the message or objects' names
	heldNames            [2]*name
	badTime              bool // a field that ought to be the time could not be read

	constants constants
	scratch   []byte
	members   []jsonscan.Field
}

// winner is the best field so far for one of the three uses.
type winner struct {
	at       int // index of the field in the row
	rank     int // 0 is none
	best     int // the best rank of all that could have been it, 0 if there was none
	name     *name
	ns       int64
	strict   bool // the text of the time can stand as it is
	severity event.Severity
}

// candidate notes the rank of a field that could be it.
func (w *winner) candidate(rank int) {
	if w.best == 0 || rank < w.best {
		w.best = rank
	}
}

// worse says whether the field so far is worse than one of that rank.
func (w *winner) worse(rank int) bool { return w.rank == 0 || rank < w.rank }

// Begin starts row i of b. loc is the zone of times that name none.
func (w *Row) Begin(b *event.Batch, i int, loc *time.Location) {
	w.b, w.i, w.loc = b, i, loc
	w.keys.reset()
	w.moved, w.fresh, w.badTime = 0, 0, false
	w.time, w.level, w.message = winner{}, winner{}, winner{}
	w.heldNames = [2]*name{}
	w.constants.of(b.Source)
	fields := b.Fields(i)
	w.count, w.first = len(fields), len(fields)
	for k := range fields {
		w.keys.take(b.Bytes(fields[k].Key), 0)
	}
}

// Abort takes back what was put since Begin: the record is not of its kind.
func (w *Row) Abort() {
	for ; w.count > w.first; w.count-- {
		w.b.Remove(w.i, w.count-1)
	}
	w.b = nil
}

// Put adds a field. Its key is text, unescaped, whatever KeyJSON says; key and
// value stand in the batch's arena.
func (w *Row) Put(f event.Field) {
	key := w.b.Bytes(f.Key)
	if !f.KeyJSON && !utf8.Valid(key) { // two keys must not become one when they are written
		f.Key = w.b.Append(func(dst []byte) []byte { return AppendValid(dst, key) })
		key = w.b.Bytes(f.Key)
	}
	h := hash(key)
	n := known.find(key, h)
	if n == nil {
		if w.constants.maybe(h) || !simple(key) {
			w.dotted(f)
			return
		}
		w.leaf(f, h)
		return
	}
	switch n.use {
	case timeKey:
		w.putTime(f, h, n)
	case levelKey:
		w.putLevel(f, h, n)
	case messageKey:
		w.putMessage(f, h, n)
	case stackKey:
		if f.Kind == event.String || f.Kind == event.JSONString {
			w.rekey(f, "error.stack_trace")
			return
		}
		w.leaf(f, h)
	case ours:
		w.forged(f)
	case flat, object:
		w.putObject(f, h, n)
	default:
		w.dotted(f)
	}
}

// AppendValid appends text with U+FFFD for each byte that is not UTF-8.
func AppendValid(dst, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		dst = utf8.AppendRune(dst, r)
		text = text[n:]
	}
	return dst
}

// simple says that a key is one segment, and one that Elasticsearch takes.
func simple(key []byte) bool {
	return len(key) > 0 && len(key) <= maxKey && key[0] > ' ' && bytes.IndexByte(key, '.') < 0
}

// add appends a field whose key is known to be free.
func (w *Row) add(f event.Field) {
	w.b.Add(w.i, f)
	w.count++
}

// leaf adds a field with a key of one segment, if it is free.
func (w *Row) leaf(f event.Field, h uint64) bool {
	if !w.keys.takeLeaf(h) {
		w.crowded(f)
		return false
	}
	w.add(f)
	return true
}

// crowded takes a field whose key is taken, or has fields below it. An object
// is flattened into those, anything else becomes a label.
func (w *Row) crowded(f event.Field) {
	if w.isObject(f) && w.keys.kind(hash(w.b.Bytes(f.Key))) == inner {
		w.flatten(f.Key, f.Val, 1)
		return
	}
	w.toLabels(f, "")
}

func (w *Row) isObject(f event.Field) bool {
	return f.Kind == event.JSON && w.b.Bytes(f.Val)[0] == '{'
}

// putObject places a field whose name ECS has an object for.
func (w *Row) putObject(f event.Field, h uint64, n *name) {
	switch {
	case w.isObject(f) && (n.use != object || w.constants.maybe(h) && w.constants.meet(w.b.Bytes(f.Key)) == above):
		key := f.Key
		if n.text == "err" {
			key = w.b.StoreString("error")
		}
		w.flatten(key, f.Val, 1)
	case w.isObject(f):
		w.leaf(f, h)
	case f.Kind == event.Null: // nothing to move
	case n.leaf == "":
		w.toLabels(f, "")
	default:
		w.rekey(f, n.leaf)
	}
}

// rekey places a field under another key, a constant of ours.
func (w *Row) rekey(f event.Field, key string) {
	switch key {
	case "error.message":
		f.Key = event.KeyErrorMessage
	case "service.name":
		f.Key = event.KeyService
	default:
		f.Key = w.b.StoreString(key)
	}
	f.KeyJSON, f.Inline = true, false
	w.dotted(f)
}

// putMessage places a field that may be the message.
func (w *Row) putMessage(f event.Field, h uint64, n *name) {
	text := f.Kind == event.String || f.Kind == event.JSONString
	if n.rank >= firstHeld { // event or log
		if k := n.rank - firstHeld; text && w.heldNames[k] == nil {
			w.held[k], w.heldNames[k] = f, n
			return
		}
		w.putObject(f, h, n)
		return
	}
	if n.rank == 1 && !text { // nothing but text may be the message
		if f.Kind == event.Null {
			return
		}
		f.Kind, f.Inline = event.String, false
		text = true
	}
	rank := int(n.rank)
	w.message.candidate(rank)
	if w.leaf(f, h) && text && w.message.worse(rank) {
		w.message = winner{at: w.count - 1, rank: rank, best: w.message.best, name: n}
	}
}

// putTime places a field that may be the time.
func (w *Row) putTime(f event.Field, h uint64, n *name) {
	ns, strict, ok := Time(f.Kind, w.b.Bytes(f.Val), w.loc)
	if text := f.Kind == event.String || f.Kind == event.JSONString; text && !ok && f.Val.Len > 0 && n.rank <= 9 {
		w.badTime = true
	}
	if n.rank == 1 && !ok { // @timestamp can be nothing else
		if f.Kind != event.Null {
			w.toLabels(f, "")
		}
		return
	}
	rank := int(n.rank)
	w.time.candidate(rank)
	if w.leaf(f, h) && ok && w.time.worse(rank) {
		w.time = winner{at: w.count - 1, rank: rank, best: w.time.best, name: n, ns: ns, strict: strict}
	}
}

// putLevel places a field that may be the level. A text that is no known level
// is one all the same, if there is no better.
func (w *Row) putLevel(f event.Field, h uint64, n *name) {
	s, ok := w.severity(f, n)
	rank := int(n.rank)
	if s == event.Unknown {
		rank += 100
	}
	w.level.candidate(int(n.rank))
	placed := false
	if rank%100 == 1 { // log.level itself
		if f.Kind == event.Null {
			return
		}
		if f.Kind == event.JSON {
			f.Kind, f.Inline = event.String, false
		}
		placed = w.dotted(f)
	} else {
		placed = w.leaf(f, h)
	}
	if placed && ok && w.level.worse(rank) {
		w.level = winner{at: w.count - 1, rank: rank, best: w.level.best, name: n, severity: s}
	}
}
