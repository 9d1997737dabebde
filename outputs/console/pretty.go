package console

import (
	"bytes"
	"strconv"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/term"
)

const (
	// indent puts what belongs to a line below its message; nothing that a
	// line holds can stand where times stand.
	indent = blankTime + " "
	// maxMessageLines is what is shown of a message that has many.
	maxMessageLines = 20
)

// appendPretty appends
//
//	10:02:55 ERROR bookings  payment declined  booking_id=42
//	         RuntimeException: declined  5 frames
//	           #0 ...
func (p *Printer) appendPretty(dst []byte, d *event.Doc) []byte {
	p.read(d.JSON)
	f := &p.parts
	dst = p.begin(dst, dim)
	dst = p.clock.append(dst, d.Time)
	dst = p.end(dst, dim)
	dst = append(dst, ' ')
	dst = p.appendLevel(dst, d.Severity)
	dst = append(dst, ' ')
	if label := f.label(); len(label) > 0 {
		c := p.sources.add(label)
		if p.sources.several() {
			dst = append(p.appendLabel(dst, label, c), "  "...)
		}
	} else if p.sources.several() {
		dst = appendBlanks(dst, p.sources.width+2)
	}
	first, more, _ := bytes.Cut(bytes.TrimRight(f.message, " \r\n"), []byte{'\n'})
	dst = p.appendMessage(dst, first)
	dst = p.appendFields(dst, len(first) > 0)
	dst = append(dst, '\n')
	dst = p.appendLines(dst, more, indent, maxMessageLines, "")
	return p.appendStack(dst)
}

func (p *Printer) appendLevel(dst []byte, s event.Severity) []byte {
	l := levelOf(s)
	name := p.parts.level
	if s != event.Unknown || len(name) == 0 {
		return p.paint(dst, l.colour, l.text)
	}
	name = firstRunes(name, len(l.text)) // a level that we do not know, as it is
	dst = append(dst, bytes.ToUpper(name)...)
	return appendBlanks(dst, len(l.text)-len(bytes.Runes(name)))
}

// appendMessage appends one line of a message. Colours that it brings end with
// it.
func (p *Printer) appendMessage(dst, text []byte) []byte {
	text = bytes.TrimSuffix(text, []byte{'\r'})
	if !p.o.Terminal {
		return term.AppendVisible(dst, text, term.StripSGR)
	}
	dst = term.AppendVisible(dst, text, term.KeepSGR)
	if bytes.IndexByte(text, 0x1B) >= 0 {
		dst = append(dst, reset...)
	}
	return dst
}

// appendFields appends the fields behind the message. The reason of an error
// that has a stack trace stands with that.
func (p *Printer) appendFields(dst []byte, behind bool) []byte {
	f := &p.parts
	if len(f.stack) == 0 {
		dst = p.appendError(dst, &behind)
	}
	if len(f.fields) == 0 {
		return dst
	}
	if behind {
		dst = append(dst, ' ')
	}
	dst = p.begin(dst, dim)
	if behind {
		dst = append(dst, f.fields...)
	} else {
		dst = append(dst, f.fields[1:]...)
	}
	return p.end(dst, dim)
}

// appendError appends the type and reason of an error that has no stack
// trace, unless the message says the same.
func (p *Printer) appendError(dst []byte, behind *bool) []byte {
	f := &p.parts
	if len(f.errorReason) == 0 && len(f.errorType) == 0 || bytes.Equal(f.errorReason, f.message) {
		return dst
	}
	if *behind {
		dst = append(dst, "  "...)
	}
	*behind = true
	dst = p.begin(dst, red)
	dst = f.appendCause(dst)
	return p.end(dst, red)
}

// appendCause appends `type: reason`.
func (f *parts) appendCause(dst []byte) []byte {
	dst = append(dst, f.errorType...)
	if len(f.errorType) > 0 && len(f.errorReason) > 0 {
		dst = append(dst, ": "...)
	}
	return append(dst, f.errorReason...)
}

// appendLines appends the lines of text below the message, limit of them.
func (p *Printer) appendLines(dst, text []byte, margin string, limit int, c colour) []byte {
	for shown := 0; len(text) > 0; shown++ {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		if shown == limit {
			return p.appendMore(dst, margin, 1+bytes.Count(bytes.TrimRight(text, "\n"), []byte{'\n'}))
		}
		dst = append(dst, margin...)
		dst = p.begin(dst, c)
		dst = p.appendMessage(dst, line)
		dst = append(p.end(dst, c), '\n')
		text = rest
	}
	return dst
}

func (p *Printer) appendMore(dst []byte, margin string, lines int) []byte {
	dst = p.begin(append(dst, margin...), dim)
	dst = strconv.AppendInt(append(dst, "… "...), int64(lines), 10)
	return append(p.end(append(dst, " more"...), dim), '\n')
}
