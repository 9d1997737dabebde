package ecs

import (
	"strconv"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

// Rewrite returns a copy of a JSON value without white space, and whose
// objects have no key twice, none that is a scalar and an object at once, and
// none that is no name: of those that clash, later ones get underscores for
// dots, and _2 and so on. It belongs between Begin and End.
func (w *Row) Rewrite(value event.Span) event.Span {
	raw := w.b.Bytes(value)
	w.fresh++
	r := jsonscan.Rewriter{Key: w.nestedKey}
	return w.b.Append(func(dst []byte) []byte { return r.Append(dst, raw) })
}

// nestedKey appends the key that a member of a nested object gets.
func (w *Row) nestedKey(dst, key []byte, object int) []byte {
	salt := uint64(w.fresh<<16|object) * 0x9E3779B97F4A7C15
	text := jsonscan.AppendUnquoted(w.scratch[:0], key)
	w.scratch = text
	if wellFormed(text) && w.keys.take(text, salt) {
		return append(dst, key...)
	}
	flat := appendFlat(text, text)[len(text):]
	end := len(flat)
	for n := 1; !w.keys.take(flat, salt); n = max(n+1, w.keys.n) {
		flat = strconv.AppendInt(append(flat[:end], '_'), int64(n+1), 10)
	}
	return jsonscan.AppendEscaped(dst, flat)
}
