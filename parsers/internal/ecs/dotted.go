package ecs

import (
	"bytes"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

// dotted places a field that needs a closer look: its key has dots, or is no
// name at all, or is near one of the source's constants. It reports whether
// the field has its key.
func (w *Row) dotted(f event.Field) bool {
	key := w.b.Bytes(f.Key)
	if !wellFormed(key) {
		w.toLabels(f, "")
		return false
	}
	if isOurs(key) {
		w.forged(f)
		return false
	}
	if belowScalar(key) {
		w.toLabels(f, "")
		return false
	}
	if w.isObject(f) {
		if n := known.find(key, hash(key)); n != nil && n.use == scalar {
			f.Kind, f.Inline = event.String, false
		}
	}
	switch w.constants.meet(key) {
	case equalOurs:
		w.forged(f)
		return false
	case below:
		w.toLabels(f, "")
		return false
	case above:
		if w.isObject(f) {
			w.flatten(f.Key, f.Val, 1)
		} else {
			w.toLabels(f, "")
		}
		return false
	}
	if !w.keys.take(key, 0) {
		w.crowded(f)
		return false
	}
	w.add(f)
	return true
}

// What Elasticsearch takes as a path by default, and nobody needs more.
const (
	maxKey      = 512 // bytes of a key
	maxSegments = 20  // its index.mapping.depth.limit
)

// wellFormed says whether Elasticsearch takes key as a path: no segment is
// empty or blank, and there are not too many.
func wellFormed(key []byte) bool {
	if len(key) > maxKey {
		return false
	}
	seen := false // something to be seen in this segment
	dots := 0
	for _, c := range key {
		if c == '.' {
			if dots++; !seen || dots >= maxSegments {
				return false
			}
			seen = false
			continue
		}
		seen = seen || c > ' '
	}
	return seen
}

// isOurs says whether a key is one that no line may set, or lies below one.
func isOurs(key []byte) bool {
	for _, p := range [...]string{"kubernetes", "sluice", "log.file", "log.flags", "labels.retention"} {
		if len(key) >= len(p) && string(key[:len(p)]) == p && (len(key) == len(p) || key[len(p)] == '.') {
			return true
		}
	}
	return false
}

// belowScalar says whether a path above key is one where ECS has a scalar.
func belowScalar(key []byte) bool {
	for i, c := range key {
		if c != '.' {
			continue
		}
		above := key[:i]
		n := known.find(above, hash(above))
		if n == nil {
			continue
		}
		if n.use == scalar || n.text == "message" || n.text == "@timestamp" || n.text == "log.level" {
			return true
		}
	}
	return false
}

// maxFlatten bounds the levels that flatten goes down; what lies deeper is
// kept as text.
const maxFlatten = 8

// flatten puts the members of an object below key.
func (w *Row) flatten(key, object event.Span, level int) {
	start := len(w.members)
	raw := w.b.Bytes(object)
	w.members, _, _ = jsonscan.Object(w.members, raw)
	for k := start; k < len(w.members); k++ {
		m := w.members[k]
		f := event.Field{
			Key: w.join(key, raw[m.Key:m.KeyEnd], m.KeyMarks),
			Val: event.Span{Off: object.Off + uint32(m.Val), Len: uint32(m.ValEnd - m.Val)},
		}
		f.Kind = KindOf(raw[m.Val])
		if f.Kind == event.JSONString {
			f.Val.Off++
			f.Val.Len -= 2
		}
		switch {
		case f.Kind == event.JSON && raw[m.Val] == '{' && level < maxFlatten:
			w.flatten(f.Key, f.Val, level+1)
		case f.Kind == event.JSON && raw[m.Val] == '{':
			f.Kind = event.String
			w.flattened(f)
		default:
			w.flattened(f)
		}
	}
	w.members = w.members[:start]
}

// flattened places a member of a flattened object.
func (w *Row) flattened(f event.Field) {
	key := w.b.Bytes(f.Key)
	if string(key) == "log.level" {
		w.Put(f)
		return
	}
	w.dotted(f)
}

// join makes the key of a member of a flattened object.
func (w *Row) join(above event.Span, key []byte, marks jsonscan.Marks) event.Span {
	return w.b.Append(func(dst []byte) []byte {
		prefix := dst[above.Off:above.End()]
		isError := string(prefix) == "error"
		dst = append(append(dst, prefix...), '.')
		if isError {
			if better, ok := errorLeaves[string(key)]; ok {
				return append(dst, better...)
			}
		}
		if marks&jsonscan.Escaped != 0 {
			return jsonscan.AppendUnquoted(dst, key)
		}
		return append(dst, key...)
	})
}

// KindOf is the kind of a JSON value by its first byte.
func KindOf(first byte) event.Kind {
	switch first {
	case '"':
		return event.JSONString
	case '{', '[':
		return event.JSON
	case 't', 'f':
		return event.Bool
	case 'n':
		return event.Null
	}
	return event.Number
}

// firstSegment is the part of key before its first dot.
func firstSegment(key []byte) []byte {
	if i := bytes.IndexByte(key, '.'); i >= 0 {
		return key[:i]
	}
	return key
}
