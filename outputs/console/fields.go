package console

import (
	"bytes"
	"unicode/utf8"

	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/internal/term"
)

// contextPrefix is where Monolog, and so Laravel, puts a line's own fields; it
// is noise on a screen.
const contextPrefix = "context."

// appendField adds ` key=value` to the fields of the line.
func (p *Printer) appendField(value []byte) {
	f := &p.parts
	key := bytes.TrimPrefix(f.path, []byte(contextPrefix))
	f.fields = append(f.fields, ' ')
	f.text = jsonscan.AppendUnquoted(f.text[:0], key)
	f.fields = term.AppendVisible(f.fields, f.text, term.StripSGR)
	f.fields = append(f.fields, '=')
	switch value[0] {
	case '"':
		f.text = jsonscan.AppendUnquoted(f.text[:0], value[1:len(value)-1])
		f.fields = appendString(f.fields, f.text)
	case '{', '[':
		f.text = jsonscan.AppendCompact(f.text[:0], value)
		f.fields = appendCut(f.fields, f.text)
	default:
		f.fields = appendCut(f.fields, value)
	}
}

// appendString appends text, in quotes where it would run into what follows.
func appendString(dst, text []byte) []byte {
	if len(text) > 0 && !bytes.ContainsAny(text, " \t\r\n\"=") {
		return appendCut(dst, text)
	}
	if !bytes.ContainsRune(text, '"') {
		return append(appendCut(append(dst, '"'), text), '"')
	}
	return append(appendCut(append(dst, '\''), text), '\'')
}

// appendCut appends text, made visible, and marks where it was cut.
func appendCut(dst, text []byte) []byte {
	if len(text) <= maxValue {
		return term.AppendVisible(dst, text, term.StripSGR)
	}
	n := maxValue
	for n > maxValue-utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n--
	}
	return append(term.AppendVisible(dst, text[:n], term.StripSGR), "…"...)
}
