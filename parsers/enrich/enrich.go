// Package enrich changes rows after they were parsed: the enrich blocks of a
// config, compiled.
//
// Paths are dotted, as in documents, and reach into JSON objects that fields
// hold. What is no field of the row but a constant of its source can be set
// (the row's value wins, unless the constant is ours) but not renamed, removed
// or redacted.
package enrich

import "github.com/renthub/sluice/event"

// Block is one enrich block. Its parts are applied in the order of the fields.
// It is immutable and used concurrently.
type Block struct {
	Where  func(r event.Record) bool // nil is always
	Rename []Rename
	Set    []Setting
	Drop   bool
	Remove []string
	Redact *Redactor // nil redacts nothing
}

// Rename gives a field another path. If it is not there, nothing happens.
type Rename struct{ Old, New string }

// Setting gives a field a value.
type Setting struct {
	Key   string
	Value Value
}

// Value is what a field is set to.
type Value interface {
	// Append appends the value for r to dst and says of which kind it is:
	// Missing, and nothing appended, if there is none.
	Append(dst []byte, r event.Record) ([]byte, event.Kind)
}

// Apply applies the block to row i of b, which r shows.
func (e *Block) Apply(b *event.Batch, i int, r event.Record) {
	if e.Where != nil && !e.Where(r) {
		return
	}
	for k := range e.Rename {
		rename(b, i, e.Rename[k].Old, e.Rename[k].New)
	}
	for k := range e.Set {
		set(b, i, &e.Set[k], r)
	}
	if e.Drop {
		b.Row(i).Flags |= event.Dropped
		return
	}
	for _, path := range e.Remove {
		remove(b, i, path)
	}
	if e.Redact != nil {
		e.Redact.apply(b, i)
	}
}

// rename moves a field to another path.
func rename(b *event.Batch, i int, from, to string) {
	if from == to {
		return
	}
	f, ok := take(b, i, from)
	if ok {
		put(b, i, to, f)
	}
}

// set gives a field a value. A value that depends on what is missing leaves
// the field as it is.
func set(b *event.Batch, i int, s *Setting, r event.Record) {
	var kind event.Kind
	val := b.Append(func(dst []byte) []byte {
		dst, kind = s.Value.Append(dst, r)
		return dst
	})
	if kind != event.Missing {
		put(b, i, s.Key, event.Field{Val: val, Kind: kind})
	}
}

// remove takes a field away, with all that is below it.
func remove(b *event.Batch, i int, path string) {
	for {
		if _, ok := take(b, i, path); !ok {
			break
		}
	}
	removeBelow(b, i, path)
	if path == "message" {
		b.Row(i).Flags |= event.Whole // or the line would be the message
	}
}
