package enrich

import (
	"strings"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/parsers/timestamp"
)

// take takes the field at a path out of row i, be it a field of the row, a
// member of an object that one holds, or the line that is the message.
func take(b *event.Batch, i int, path string) (event.Field, bool) {
	if k := b.Find(i, path); k >= 0 {
		f := b.Fields(i)[k]
		b.Remove(i, k)
		return f, true
	}
	if row := b.Row(i); path == "message" && row.Flags&event.Whole == 0 {
		row.Flags |= event.Whole
		return event.Field{Val: row.Line, Kind: event.String}, true
	}
	k, val, ok := nested(b, i, path)
	if !ok {
		return event.Field{}, false
	}
	raw := b.Bytes(val)
	f := event.Field{Val: val, Kind: event.ValueOf(raw).Kind}
	if f.Kind == event.JSONString {
		f.Val.Off++
		f.Val.Len -= 2
	}
	without(b, i, k, val)
	return f, true
}

// nested finds a path below a field that holds an object: the field, and where
// the value stands.
func nested(b *event.Batch, i int, path string) (k int, val event.Span, ok bool) {
	fields := b.Fields(i)
	for k := range fields {
		f := &fields[k]
		n := int(f.Key.Len)
		if f.Kind != event.JSON || n >= len(path) || path[n] != '.' || string(b.Bytes(f.Key)) != path[:n] {
			continue
		}
		object := b.Bytes(f.Val)
		if raw, ok := jsonscan.Get(object, path[n+1:]); ok {
			return k, event.Span{Off: f.Val.Off + uint32(cap(object)-cap(raw)), Len: uint32(len(raw))}, true
		}
	}
	return 0, event.Span{}, false
}

// without takes the member whose value stands at val out of the object that
// field k of row i holds.
func without(b *event.Batch, i, k int, val event.Span) {
	object := b.Fields(i)[k].Val
	text := b.Bytes(object)
	start, end := member(text, int(val.Off-object.Off), int(val.Len))
	replace(b, i, k, start, end, "")
}

// member widens the place of a value in an object to that of its whole member
// and one of the commas beside it.
func member(object []byte, at, n int) (start, end int) {
	start, end = at, at+n
	start-- // back over the colon, to the key's closing quote
	for object[start] != '"' {
		start--
	}
	for start--; object[start] != '"' || escaped(object, start); start-- {
	}
	for end < len(object) && object[end] <= ' ' {
		end++
	}
	if object[end] == ',' {
		return start, end + 1
	}
	for before := start - 1; before > 0; before-- {
		if object[before] == ',' {
			return before, end
		}
		if object[before] > ' ' {
			break
		}
	}
	return start, end
}

// escaped says whether the byte at i has an odd number of backslashes before it.
func escaped(b []byte, i int) bool {
	n := 0
	for i-1-n >= 0 && b[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// replace puts text for the bytes from start to end of the value of field k.
func replace(b *event.Batch, i, k, start, end int, text string) {
	f := &b.Fields(i)[k]
	old := b.Bytes(f.Val)
	f.Val = b.Append(func(dst []byte) []byte {
		return append(append(append(dst, old[:start]...), text...), old[end:]...)
	})
	f.Inline = false
}

// removeBelow takes away the fields whose paths lie below path.
func removeBelow(b *event.Batch, i int, path string) {
	for k := len(b.Fields(i)) - 1; k >= 0; k-- {
		if below(b.Bytes(b.Fields(i)[k].Key), path) {
			b.Remove(i, k)
		}
	}
}

// below says whether key lies below path.
func below(key []byte, path string) bool {
	return len(key) > len(path) && key[len(path)] == '.' && string(key[:len(path)]) == path
}

// put gives row i a field at a path, in the place of what is there: a field of
// that path, fields below it, or a scalar above it, which becomes a label.
func put(b *event.Batch, i int, path string, f event.Field) {
	row := b.Row(i)
	switch path {
	case "@timestamp":
		putTime(b, i, f)
		return
	case "log.level":
		row.Severity = event.ParseLevel(b.Bytes(f.Val))
	case "message":
		if f.Kind != event.String && f.Kind != event.JSONString {
			f.Kind = event.String // a message is text, whatever it was
		}
	}
	makeRoom(b, i, path)
	f.Key, f.KeyJSON, f.Inline = b.StoreString(path), false, false
	b.Add(i, f)
}

// makeRoom takes away what a field at path cannot stand beside.
func makeRoom(b *event.Batch, i int, path string) {
	if k := b.Find(i, path); k >= 0 {
		b.Remove(i, k)
	}
	if strings.IndexByte(path, '.') < 0 {
		removeBelow(b, i, path)
		return
	}
	for {
		k, val, ok := nested(b, i, path)
		if !ok {
			break
		}
		without(b, i, k, val)
	}
	removeBelow(b, i, path)
	for at, c := range path {
		if c != '.' {
			continue
		}
		k := b.Find(i, path[:at])
		if k < 0 || b.Fields(i)[k].Kind == event.JSON && b.Bytes(b.Fields(i)[k].Val)[0] == '{' {
			continue
		}
		f := b.Fields(i)[k]
		b.Remove(i, k)
		if label := "labels." + strings.ReplaceAll(path[:at], ".", "_"); b.Find(i, label) < 0 && label != path {
			if f.Kind == event.JSON {
				f.Kind = event.String
			}
			put(b, i, label, f)
		}
	}
}

// putTime sets the time of row i. A value that is no time changes nothing but
// the row's error.
func putTime(b *event.Batch, i int, f event.Field) {
	row := b.Row(i)
	ns, ok := timestamp.Parse(b.Bytes(f.Val), nil)
	if !ok {
		row.Error = event.BadTime
		return
	}
	if k := b.Find(i, "@timestamp"); k >= 0 {
		b.Remove(i, k)
	}
	row.Time = ns
}
