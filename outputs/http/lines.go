package http

import (
	"bytes"
	"context"
	"hash/fnv"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Lines is an Output whose requests are gzip of lines, and so can be made of
// stored blocks as they are.
type Lines struct{ *Output }

// Wrap implements outputs.Wrapper: the document and a line end.
func (o *Lines) Wrap(dst []byte, d *event.Doc) ([]byte, int, error) {
	return appendLine(dst, d.JSON), 0, nil
}

// Wrapping implements outputs.Wrapper. Nothing of the config changes a line.
func (o *Lines) Wrapping() uint64 {
	h := fnv.New64a()
	h.Write([]byte("http ndjson 1"))
	return h.Sum64()
}

// Send implements outputs.Output.
func (o *Lines) Send(ctx context.Context, r *outputs.Request) error {
	if r.Count == 0 {
		return nil
	}
	return o.post(ctx, httpsend.NewBody(r.Body), r.Count)
}

// appendLine appends a document as one line. A line end inside can only stand
// between its tokens, and becomes a blank.
func appendLine(dst, doc []byte) []byte {
	start := len(dst)
	dst = append(dst, doc...)
	for rest := dst[start:]; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return append(dst, '\n')
		}
		rest[i] = ' '
		rest = rest[i+1:]
	}
}
