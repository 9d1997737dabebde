package ecs

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

// forged moves a field that only we may set.
func (w *Row) forged(f event.Field) { w.toLabels(f, "line_") }

// toLabels adds a field as a label, under a key that is free.
func (w *Row) toLabels(f event.Field, prefix string) {
	if f.Kind == event.Null {
		return
	}
	w.add(w.label(f, prefix))
}

// label makes a label of a field: text under "labels.", prefix and its key.
func (w *Row) label(f event.Field, prefix string) event.Field {
	key := w.b.Bytes(f.Key)
	if bytes.HasPrefix(key, []byte("labels.")) {
		key = key[len("labels."):]
	}
	f.Key = w.b.Append(func(dst []byte) []byte {
		dst = append(append(dst, "labels."...), prefix...)
		return appendFlat(dst, key)
	})
	w.moved++
	if !w.free(f.Key) {
		base, n := f.Key, 2
		for ; n <= maxLabels; n = max(n+1, w.moved) { // of one base at most as many are taken as moved
			f.Key = w.b.Append(func(dst []byte) []byte {
				dst = append(append(dst, dst[base.Off:base.End()]...), '_')
				return strconv.AppendInt(dst, int64(n), 10)
			})
			if w.free(f.Key) {
				break
			}
		}
	}
	f.Inline = false
	switch f.Kind {
	case event.JSON:
		f.Kind = event.String
	case event.Number, event.Bool:
		f.Kind = event.JSONString
	}
	return f
}

// maxLabels is more than a record has fields. Where no label is free, a
// constant has the name "labels" itself.
const maxLabels = 4 * jsonscan.MaxFields

// free takes a label's key if it can be had.
func (w *Row) free(key event.Span) bool {
	text := w.b.Bytes(key)
	if isOurs(text) || w.constants.meet(text) >= equal {
		return false
	}
	return w.keys.take(text, 0)
}

// appendFlat appends key as one segment: labels hold no objects. It is cut
// where it is too long for a name.
func appendFlat(dst, key []byte) []byte {
	if len(key) > maxKey {
		n := maxKey
		for n > 0 && !utf8.RuneStart(key[n]) {
			n--
		}
		key = key[:n]
	}
	blank := true
	for _, c := range key {
		if c == '.' {
			c = '_'
		}
		blank = blank && c <= ' '
		dst = append(dst, c)
	}
	if blank {
		dst = append(dst, "empty"...)
	}
	return dst
}
