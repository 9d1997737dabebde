package event

import (
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/internal/timefmt"
)

// AppendDocument appends row i as one JSON object. classes are the names of
// the retention classes. No key occurs twice: where a field of the row has
// the key of a constant, the constant goes, unless it is ours.
func (b *Batch) AppendDocument(dst []byte, i int, classes []string) []byte {
	r := &b.rows[i]
	src := b.Source
	tail := src.tail(r.Class, classes)
	w := docWriter{b: b, dst: append(dst, '{')}
	fields := b.Fields(i)
	if b.Find(i, "@timestamp") < 0 {
		w.timestamp(r)
	}
	clash := false
	for k := range fields {
		key := b.Bytes(fields[k].Key)
		clash = clash || src.tails.mask&keyBit(key) != 0 && src.isConstant(key)
	}
	message := r.Flags&Whole != 0
	for k := range fields {
		f := &fields[k]
		if clash && b.oursHas(f) {
			continue
		}
		if f.Key.Len == KeyMessage.Len && string(b.Bytes(f.Key)) == "message" {
			message = true
		}
		w.field(f)
	}
	w.flush()
	if !message {
		w.key("message")
		w.dst = jsonscan.AppendString(w.dst, b.Bytes(r.Line))
	}
	w.marks(r)
	if clash {
		return b.appendTailWithout(w.dst, i, classes[r.Class])
	}
	if w.dst[len(w.dst)-1] == '{' {
		tail = tail[1:] // no comma behind the brace
	}
	return append(w.dst, tail...)
}

// oursHas reports whether f has the key of a constant that lines cannot override.
func (b *Batch) oursHas(f *Field) bool {
	key := string(b.Bytes(f.Key))
	if key == retentionKey {
		return true
	}
	for _, c := range b.Source.Constants {
		if c.Ours && c.Key == key {
			return true
		}
	}
	return false
}

// appendTailWithout is the tail less the constants that row i has as fields.
func (b *Batch) appendTailWithout(dst []byte, i int, class string) []byte {
	var keep []Constant
	for _, c := range b.Source.Constants {
		if c.Ours || b.Find(i, c.Key) < 0 {
			keep = append(keep, c)
		}
	}
	return appendTail(dst, keep, class)
}

// docWriter appends fields. Neighbours that stand in the line as they are to
// stand in the document are copied in one run.
type docWriter struct {
	b          *Batch
	dst        []byte
	start, end uint32 // the pending run in the arena; empty if equal
}

func (w *docWriter) field(f *Field) {
	if f.Inline {
		start, end := f.Key.Off-1, f.Val.End()
		if f.Kind == JSONString {
			end++ // the closing quote
		}
		if w.end != 0 && start == w.end+1 { // only a comma between
			w.end = end
			return
		}
		w.flush()
		w.start, w.end = start, end
		return
	}
	w.flush()
	w.comma()
	if f.KeyJSON {
		w.dst = append(w.dst, '"')
		w.dst = append(w.dst, w.b.Bytes(f.Key)...)
		w.dst = append(w.dst, '"', ':')
	} else {
		w.dst = append(jsonscan.AppendString(w.dst, w.b.Bytes(f.Key)), ':')
	}
	w.dst = AppendValue(w.dst, Value{f.Kind, w.b.Bytes(f.Val)})
}

func (w *docWriter) flush() {
	if w.end != 0 {
		w.comma()
		w.dst = append(w.dst, w.b.arena[w.start:w.end]...)
		w.end = 0
	}
}

func (w *docWriter) comma() {
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ',')
	}
}

// key begins a member with a constant name that needs no escaping.
func (w *docWriter) key(name string) {
	w.comma()
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '"', ':')
}

func (w *docWriter) timestamp(r *Row) {
	t := r.Time
	if t == 0 {
		t = w.b.ReadAt
	}
	w.key("@timestamp")
	w.dst = append(w.dst, '"')
	w.dst = timefmt.AppendRFC3339(w.dst, t)
	w.dst = append(w.dst, '"')
}

// flagNames are the values of log.flags, by bit.
var flagNames = [8]string{1: "truncated", 2: "continued", 4: "partial"}

// marks writes what happened to the line on its way.
func (w *docWriter) marks(r *Row) {
	if r.Error != NoError {
		w.key("sluice.parse_error")
		w.dst = append(append(append(w.dst, '"'), r.Error.String()...), '"')
	}
	if r.Flags&(Truncated|Continued|Partial) == 0 {
		return
	}
	w.key("log.flags")
	w.dst = append(w.dst, '[')
	for bit, name := range flagNames {
		if name != "" && r.Flags&(1<<bit) != 0 {
			if w.dst[len(w.dst)-1] != '[' {
				w.dst = append(w.dst, ',')
			}
			w.dst = append(append(append(w.dst, '"'), name...), '"')
		}
	}
	w.dst = append(w.dst, ']')
}

// AppendValue appends v as JSON.
func AppendValue(dst []byte, v Value) []byte {
	switch v.Kind {
	case String:
		return jsonscan.AppendString(dst, v.Text)
	case JSONString:
		return append(append(append(dst, '"'), v.Text...), '"')
	case Missing, Null:
		return append(dst, "null"...)
	}
	return append(dst, v.Text...)
}
