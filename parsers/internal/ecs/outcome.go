package ecs

import (
	"bytes"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers/timestamp"
)

// Outcome says what became of the fields of a row, counted in the order in
// which they were added, between the last Put and End.
type Outcome struct {
	Time, Level int  // which fields are the time and the level; -1 is none
	Stable      bool // a row of the same keys and kinds comes out the same, as long as its time and level can be read
}

// Outcome returns the outcome of the row.
func (w *Row) Outcome() Outcome {
	o := Outcome{Time: -1, Level: -1, Stable: w.heldNames == [2]*name{} && !w.badTime && w.first == 0}
	if w.time.rank > 0 {
		o.Time = w.time.at
	}
	if w.level.rank > 0 {
		o.Level = w.level.at
	}
	for _, x := range [...]*winner{&w.time, &w.level, &w.message} {
		o.Stable = o.Stable && x.rank == x.best
	}
	return o
}

// Count is the number of fields of the row so far.
func (w *Row) Count() int { return w.count }

// Known says whether what becomes of a field depends on its kind of value.
func Known(key []byte) bool {
	return known.find(key, hash(key)) != nil || !simple(key)
}

// Near says whether a constant of src changes what becomes of a key.
func Near(src *event.Source, key []byte) bool {
	if src == nil {
		return false
	}
	switch m := meet(src.Constants, key); m {
	case apart:
		return false
	case equal: // the line's value wins, but a label must not take its place
		return bytes.HasPrefix(key, []byte("labels."))
	}
	return true
}

// Level reads the level of a key that is one, or Unknown.
func Level(key string, kind event.Kind, value []byte) event.Severity {
	if kind != event.Number {
		if s := ParseLevel(value); s != event.Unknown {
			return s
		}
	}
	return levelNumber(value, key)
}

// Time reads a time of the kinds that values have.
func Time(kind event.Kind, value []byte, loc *time.Location) (ns int64, strict, ok bool) {
	switch kind {
	case event.String, event.JSONString:
		if ns, strict, ok = timestamp.RFC3339(value, loc); !ok {
			ns, ok = timestamp.Parse(value, loc)
		}
	case event.Number:
		ns, ok = timestamp.Epoch(value)
	}
	return ns, strict, ok
}

// Canonical gives a level field its name as documents have it: the usual one
// for a severity, the text as it is for one in between.
func Canonical(b *event.Batch, f *event.Field, s event.Severity) {
	name := s.String()
	if name == "" && f.Kind == event.Number {
		name = levelName(s)
	}
	if name != "" && string(b.Bytes(f.Val)) != name {
		f.Val, f.Kind, f.Inline = b.StoreString(name), event.JSONString, false
	}
}
