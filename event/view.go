package event

import (
	"strings"
	"unsafe"

	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/internal/timefmt"
)

// View shows a row of a batch as a Record: the document that it would become
// now. One view is moved over all rows.
type View struct {
	Batch   *Batch
	Index   int
	Classes []string // names of the retention classes

	time [40]byte
}

// Lookup returns what the document would have at path.
func (v *View) Lookup(path string) Value {
	b := v.Batch
	if k := b.Find(v.Index, path); k >= 0 {
		f := &b.Fields(v.Index)[k]
		if !b.oursHas(f) {
			return Value{f.Kind, b.Bytes(f.Val)}
		}
	}
	r := b.Row(v.Index)
	switch path {
	case "message":
		if r.Flags&Whole == 0 {
			return Value{String, b.Bytes(r.Line)}
		}
	case "@timestamp":
		t := r.Time
		if t == 0 {
			t = b.ReadAt
		}
		return Value{String, timefmt.AppendRFC3339(v.time[:0], t)}
	case retentionKey:
		return Value{String, bytesOf(v.Classes[r.Class])}
	case "sluice.parse_error":
		if r.Error != NoError {
			return Value{String, bytesOf(r.Error.String())}
		}
	}
	for i := range b.Source.Constants {
		if c := &b.Source.Constants[i]; c.Key == path {
			return Value{String, bytesOf(c.Value)}
		}
	}
	return v.nested(path)
}

// nested looks for path below fields that are JSON objects.
func (v *View) nested(path string) Value {
	b := v.Batch
	fields := b.Fields(v.Index)
	for k := range fields {
		f := &fields[k]
		n := int(f.Key.Len)
		if f.Kind != JSON || n >= len(path) || path[n] != '.' || !strings.HasPrefix(path, string(b.Bytes(f.Key))) {
			continue
		}
		if raw := b.Bytes(f.Val); raw[0] == '{' {
			if val, ok := jsonscan.Get(raw, path[n+1:]); ok {
				return ValueOf(val)
			}
		}
	}
	return Value{}
}

// Level is the row's severity.
func (v *View) Level() Severity { return v.Batch.Row(v.Index).Severity }

// Doc fills d with what is known of the row's document besides its JSON, so
// that it can be wrapped.
func (v *View) Doc(d *Doc, json []byte) {
	r := v.Batch.Row(v.Index)
	t := r.Time
	if t == 0 {
		t = v.Batch.ReadAt
	}
	*d = Doc{
		JSON: json, Time: t / 1e6, Severity: r.Severity, Retention: v.Classes[r.Class], row: v,
		ID: ID{Source: v.Batch.Source.ID, Pos: r.Pos, Size: r.Size, Sub: r.Sub},
	}
}

// bytesOf returns the bytes of s without copying them. Values are read-only by
// contract, so nobody writes through it.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
