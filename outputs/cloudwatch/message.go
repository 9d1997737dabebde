package cloudwatch

import (
	"unicode/utf8"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

// message returns the text of a document's event: the document, or the field
// that the config names. A document that has no such field, or an empty one
// (which the service refuses), is sent whole, and so is one in the embedded
// metric format. What is not UTF-8 becomes U+FFFD.
func (b *batch) message(d *event.Doc, field string) []byte {
	text := d.JSON
	if field != "" && !isEmbeddedMetric(d) {
		if value := b.field(d, field); len(value) > 0 {
			text = value
		}
	}
	if utf8.Valid(text) {
		return text
	}
	return b.keep(func(dst []byte) []byte { return appendRepaired(dst, text) })
}

// isEmbeddedMetric reports whether a document is one of CloudWatch's embedded
// metric format: the service reads metrics from its root.
func isEmbeddedMetric(d *event.Doc) bool {
	metrics, ok := jsonscan.Get(d.JSON, "_aws.CloudWatchMetrics")
	return ok && metrics[0] == '['
}

func (b *batch) field(d *event.Doc, path string) []byte {
	v := d.Lookup(path)
	switch v.Kind {
	case event.Missing, event.Null:
		return nil
	case event.JSONString:
		return b.keep(func(dst []byte) []byte { return jsonscan.AppendUnquoted(dst, v.Text) })
	}
	return v.Text
}

// keep returns what f appends. It is valid until the batch is used again.
func (b *batch) keep(f func(dst []byte) []byte) []byte {
	start := len(b.arena)
	b.arena = f(b.arena)
	return b.arena[start:len(b.arena):len(b.arena)]
}

func appendRepaired(dst, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		dst = utf8.AppendRune(dst, r)
		text = text[n:]
	}
	return dst
}
