package console

import (
	"bytes"
	"io"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/term"
)

// Options say how a Printer shows documents.
type Options struct {
	JSON     bool           // a document a line, as it is
	Colour   bool           // with colours of our own
	Terminal bool           // nothing may reach it that it would obey; colours in messages pass
	Fields   []string       // paths of the fields to show; if empty, those of interest
	Location *time.Location // of the times shown; nil is local time
	Frames   int            // frames of a stack trace to show; 0 is 3, negative is all
}

// defaultFrames is what is shown of a stack trace: where it happened and who
// called, not the framework below.
const defaultFrames = 3

// Printer shows documents. It remembers the sources that it has seen, so that
// it can tell them apart. It is for one goroutine at a time.
type Printer struct {
	o       Options
	w       io.Writer
	clock   clock
	sources sources
	parts   parts
	out     []byte
}

// NewPrinter returns a Printer whose Print writes to w.
func NewPrinter(w io.Writer, o Options) *Printer {
	if o.Location == nil {
		o.Location = time.Local
	}
	if o.Frames == 0 {
		o.Frames = defaultFrames
	}
	return &Printer{o: o, w: w, clock: clock{zone: o.Location}, sources: sources{seen: map[string]colour{}}}
}

// Print shows docs with one write.
func (p *Printer) Print(docs []event.Doc) error {
	p.out = p.out[:0]
	for i := range docs {
		p.out = p.Append(p.out, &docs[i])
	}
	_, err := p.w.Write(p.out)
	return writeError(err)
}

// Append appends d as it is shown, with its line end.
func (p *Printer) Append(dst []byte, d *event.Doc) []byte {
	switch {
	case !p.o.JSON:
		return p.appendPretty(dst, d)
	case p.o.Terminal:
		return append(term.AppendVisibleJSON(dst, d.JSON), '\n')
	}
	return appendJSONLine(dst, d.JSON)
}

// appendJSONLine appends doc as one line. A line end can only stand between
// its tokens, and becomes a blank.
func appendJSONLine(dst, doc []byte) []byte {
	for {
		i := bytes.IndexByte(doc, '\n')
		if i < 0 {
			return append(append(dst, doc...), '\n')
		}
		dst = append(append(dst, doc[:i]...), ' ')
		doc = doc[i+1:]
	}
}

// clock formats times of day. Lines come many to a second, so it keeps the
// last one.
type clock struct {
	zone   *time.Location
	second int64
	text   []byte // of second; empty before the first
}

const blankTime = "        "

// append appends the time of day of ms, milliseconds since 1970.
func (c *clock) append(dst []byte, ms int64) []byte {
	if ms == 0 {
		return append(dst, blankTime...)
	}
	if second := ms / 1000; second != c.second || len(c.text) == 0 {
		c.second = second
		c.text = time.Unix(second, 0).In(c.zone).AppendFormat(c.text[:0], time.TimeOnly)
	}
	return append(dst, c.text...)
}
