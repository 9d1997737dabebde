package framing

import (
	"fmt"
	"time"

	"github.com/renthub/sluice/event"
)

// DefaultMaxLine is the size in bytes at which longer lines are cut.
const DefaultMaxLine = 1 << 20

// Config says how records are cut. The zero value cuts UTF-8 at line ends.
type Config struct {
	Encoding string // as the encoding setting has it; "" is UTF-8, or UTF-16 if a byte order mark says so
	MaxLine  int    // bytes of the source; 0 is DefaultMaxLine
	Truncate bool   // drop what a line has beyond MaxLine, instead of splitting it
	Rule     *Rule  // how lines are joined; nil does not
}

// Tail says what is known of the bytes behind those that Next is shown.
type Tail uint8

const (
	Open  Tail = iota // more may come at any moment
	Quiet             // nothing came for as long as Wait says: an open record ends behind its last whole line
	Ended             // nothing will come: the last line ends, too
)

// Record is one record of a source.
type Record struct {
	Text  []byte // in UTF-8 and without line end; lines of a joined record have LF between them. Valid until the next call of Next
	Pos   int64  // offset of its first byte in the source
	Size  int    // bytes of the source that it takes, line ends included; 0 says that there is no record
	Flags event.Flag
	Error event.ParseError // BadEncoding or none
}

// Place is what must be remembered of a source between two calls of Next, and stored with its position. The zero value
// stands at the start of a source.
type Place struct {
	Inside   Inside
	Encoding Encoding // what the source's byte order mark said
}

// Inside says whether a position lies within a line.
type Inside uint8

const (
	Between  Inside = iota // at a line's start
	Split                  // behind a piece of a line; the rest comes as further records
	Dropping               // behind the kept part of a truncated line; the rest is dropped
)

// Stats are the bytes that made no record. They only grow.
type Stats struct {
	Truncated int64 // bytes dropped behind the kept part of a line
	NULs      int64 // bytes of NUL runs
}

// Framer cuts records. It must not be used by two goroutines at once.
type Framer struct {
	Stats Stats

	enc      encoding // the configured one
	maxLine  int
	truncate bool
	rule     *Rule
	wait     time.Duration
	joined   []byte // the text of a joined record that does not stand in the source as it is
	decoded  []byte // the text of a line of another encoding
}

// minLine leaves room for any character and its line end.
const minLine = 16

// New returns a Framer, or an error if the encoding is not known.
func New(c Config) (*Framer, error) {
	enc, err := lookupEncoding(c.Encoding)
	if err != nil {
		return nil, err
	}
	if c.MaxLine == 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.MaxLine < minLine {
		return nil, fmt.Errorf("cut lines at %d bytes: fewer than %d", c.MaxLine, minLine)
	}
	return &Framer{enc: enc, maxLine: c.MaxLine, truncate: c.Truncate, rule: c.Rule}, nil
}

// Need is how many bytes from the start of a record the caller must be able to show, so that Next can always go on.
func (f *Framer) Need() int {
	need := f.maxLine
	if f.rule != nil {
		need = max(need, f.rule.MaxBytes)
	}
	return need + minLine
}

// Wait is how long after the source's last byte the record that the last call of Next held is to be held, or 0 if it is
// to be held until the source ends.
func (f *Framer) Wait() time.Duration { return f.wait }

// Next takes the first record of data, whose first byte is at offset base of the source, and returns it with the number
// of bytes taken: the record and what was passed over before it. A record of Size 0 says that there is none yet.
func (f *Framer) Next(p *Place, data []byte, base int64, tail Tail) (rec Record, n int) {
	f.wait = 0
	enc := f.encodingAt(p, data, base)
	for n < len(data) {
		if p.Inside == Dropping {
			k := f.drop(p, enc, data[n:], tail)
			if k == 0 {
				break
			}
			n += k
			continue
		}
		if p.Inside == Between {
			k := enc.leadingNULs(data[n:])
			f.Stats.NULs += int64(k)
			n += k
		}
		l := f.line(enc, data[n:], tail)
		if l.size == 0 {
			break
		}
		if l.whole && len(l.text) == 0 && p.Inside == Between {
			n += l.size
			continue
		}
		rec = f.record(p, enc, l, data[n:], tail)
		rec.Pos = base + int64(n)
		return rec, n + rec.Size
	}
	return Record{}, n
}

// drop passes over the rest of a truncated line, by whole characters unless the source has ended.
func (f *Framer) drop(p *Place, enc encoding, data []byte, tail Tail) int {
	n := len(data) &^ (enc.unit() - 1)
	if end := enc.indexEOL(data); end >= 0 {
		n, p.Inside = end+enc.unit(), Between
	} else if n == 0 && tail == Ended {
		n = len(data)
	}
	f.Stats.Truncated += int64(n)
	return n
}

// record makes the record that begins with line l, data's first. It returns none if more lines may belong to it.
func (f *Framer) record(p *Place, enc encoding, l line, data []byte, tail Tail) Record {
	rec := Record{Size: l.size}
	if p.Inside == Split {
		rec.Flags |= event.Continued
	}
	text := f.text(enc, l.text)
	last := l
	if f.rule != nil && l.whole {
		size, lines, end, held := f.join(enc, l, text, data, tail)
		if held {
			return Record{}
		}
		rec.Size, last = size, end
		if lines > 1 {
			text = f.joinedText(enc, data[:size])
		} else {
			text = f.text(enc, l.text) // join has decoded another line since
		}
	}
	p.Inside = f.after(last, &rec)
	rec.Text = text
	if !enc.valid(text) {
		rec.Error = event.BadEncoding
	}
	return rec
}

// after returns where a record leaves the source, and flags a record whose last line's end did not come.
func (f *Framer) after(last line, rec *Record) Inside {
	switch {
	case last.whole:
		return Between
	case last.cut && f.truncate && rec.Flags&event.Continued == 0:
		rec.Flags |= event.Truncated
		return Dropping
	}
	rec.Flags |= event.Partial
	return Split
}

// text returns a line's text in UTF-8. It is valid until the next call.
func (f *Framer) text(enc encoding, raw []byte) []byte {
	if enc.kind == utf8Text {
		return raw
	}
	f.decoded = enc.appendText(f.decoded[:0], raw)
	return f.decoded
}

// encodingAt returns the encoding of a source, by its byte order mark where that is asked for.
func (f *Framer) encodingAt(p *Place, data []byte, base int64) encoding {
	if base == 0 && p.Inside == Between && f.enc.byMark {
		p.Encoding = MarkOf(data)
	}
	switch p.Encoding {
	case UTF16LE:
		return encoding{kind: utf16LE}
	case UTF16BE:
		return encoding{kind: utf16BE}
	}
	return f.enc
}
