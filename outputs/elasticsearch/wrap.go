package elasticsearch

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
)

// wrapVersion changes when the bytes that Wrap makes do.
const wrapVersion = 1

var errNewline = errors.New("document holds a line end")

// Wrap implements outputs.Wrapper: an action line, the document, a line end.
func (o *Output) Wrap(dst []byte, d *event.Doc) ([]byte, int, error) {
	// A line end inside would make its rest an action line of its own.
	if bytes.IndexByte(d.JSON, '\n') >= 0 {
		return dst, 0, errNewline
	}
	start := len(dst)
	dst = o.streams.appendAction(dst, d)
	if o.config.DocumentID {
		dst = append(d.ID.Append(dst), '"')
	}
	if o.config.Routing != nil {
		dst = o.appendRouting(dst, d)
	}
	dst = append(dst, "}}\n"...)
	docAt := len(dst) - start
	dst = append(dst, d.JSON...)
	return append(dst, '\n'), docAt, nil
}

// Wrapping implements outputs.Wrapper.
func (o *Output) Wrapping() uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "elasticsearch %d %t %d %s", wrapVersion, o.config.DocumentID, o.config.MaxStreams, o.streams.form.template)
	if o.config.Routing != nil {
		fmt.Fprintf(h, " %s", o.config.Routing)
	}
	if o.config.Index != nil {
		fmt.Fprint(h, " index")
	}
	return h.Sum64()
}

// maxRouting is the length of a routing value, in bytes.
const maxRouting = 256

// appendRouting appends the routing of a document to its action, if it has one.
func (o *Output) appendRouting(dst []byte, d *event.Doc) []byte {
	start := len(dst)
	if dst[start-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, `"routing":"`...)
	value := len(dst)
	dst = o.streams.form.renderOther(dst, o.config.Routing, d, appendRoutingPart)
	if len(dst) == value {
		return dst[:start]
	}
	return append(dst[:min(len(dst), value+maxRouting)], '"')
}

func appendRoutingPart(dst, value []byte) []byte {
	return expr.Confine(dst, value, inRouting, maxRouting)
}

// inRouting says which bytes a routing value may have: those that need no
// escaping, and no comma, which would make two of it.
func inRouting(c byte) bool { return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != ',' }
