// Package auto looks at each record and reads it as what it seems to be: JSON,
// Laravel's, nginx's or Apache's, logfmt, or else just a line. One stream can
// hold them all, as that of a container does.
package auto

import (
	"bytes"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/memo"
	"github.com/renthub/sluice/parsers/json"
	"github.com/renthub/sluice/parsers/laravel"
	"github.com/renthub/sluice/parsers/logfmt"
	"github.com/renthub/sluice/parsers/nginx"
)

// Config has no settings.
type Config struct{}

// Type is the auto parser's.
var Type = auto()

func auto() parsers.Type {
	t := parsers.Define("auto", Config{}, open)
	t.Framing = "auto"
	return t
}

// format is one of the formats that are known by their looks. The order is
// that of trying, but for the one that matched last, which comes first.
type format struct {
	looks  func(line []byte) bool // a quick look: false is certain
	parser parsers.Parser
}

type parser struct{ formats []format }

func open(_ Config, d parsers.Deps) (parsers.Parser, error) {
	p := &parser{}
	for _, f := range []struct {
		looks func([]byte) bool
		typ   parsers.Type
	}{
		{looksJSON, json.Type},
		{looksLaravel, laravel.Type},
		{looksAccess, nginx.Type}, // Apache's access log is a kind of it
		{looksLogfmt, logfmt.Type},
	} {
		one, err := f.typ.Open(f.typ.Config(), d)
		if err != nil {
			return nil, err
		}
		p.formats = append(p.formats, format{f.looks, one})
	}
	return p, nil
}

// Parse implements parsers.Parser. A line that is of no known format is none
// the worse for it.
func (p *parser) Parse(b *event.Batch, i int) bool {
	row := b.Row(i)
	line := b.Line(i)
	m := memo.Of(b)
	last := int(m.Format) - 1
	if last >= 0 && p.formats[last].looks(line) && p.formats[last].parser.Parse(b, i) {
		return true
	}
	for k := range p.formats {
		row.Error = event.NoError
		if k != last && p.formats[k].looks(line) && p.formats[k].parser.Parse(b, i) {
			m.Format = uint8(k + 1)
			return true
		}
	}
	row.Error = event.NoError
	return true
}

func looksJSON(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	return len(line) > 0 && line[0] == '{'
}

func looksLaravel(line []byte) bool {
	return len(line) > 20 && line[0] == '[' && line[1]-'0' <= 9 && line[5] == '-'
}

// looksAccess knows the time of an access log by its brackets, and that of
// nginx's error log by its slashes.
func looksAccess(line []byte) bool {
	if len(line) > 26 && line[4] == '/' && line[7] == '/' && line[20] == '[' {
		return true
	}
	i := bytes.Index(line[:min(len(line), 512)], []byte(" ["))
	return i > 0 && len(line) > i+30 && line[i+4] == '/' && line[i+8] == '/' && line[i+29] == ' '
}

// known are keys of which a line of logfmt has one: else it is text with a
// sign of equation in it.
var known = [][]byte{[]byte("level="), []byte("lvl="), []byte("msg="), []byte("time="), []byte("ts="), []byte("message="), []byte("severity=")}

// looksLogfmt wants a pair to begin with, and one of the known keys at the
// beginning of a word.
func looksLogfmt(line []byte) bool {
	eq := bytes.IndexByte(line[:min(len(line), 64)], '=')
	if eq < 1 || bytes.IndexByte(line[:eq], ' ') >= 0 {
		return false
	}
	for _, key := range known {
		if bytes.HasPrefix(line, key) {
			return true
		}
		if i := bytes.Index(line, key); i > 0 && line[i-1] == ' ' {
			return true
		}
	}
	return false
}
