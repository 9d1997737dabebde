// Package nginx reads nginx's access log, in the combined format with or
// without further fields behind it, and its error log.
package nginx

import (
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/access"
)

// Config has no settings.
type Config struct{}

// Type is the nginx parser's.
var Type = parsers.Define("nginx", Config{}, open)

func open(_ Config, d parsers.Deps) (parsers.Parser, error) { return parser{d.Location}, nil }

type parser struct{ loc *time.Location }

// Parse implements parsers.Parser.
func (p parser) Parse(b *event.Batch, i int) bool {
	line := b.Line(i)
	var l access.Line
	if access.Read(line, &l) {
		access.Add(b, i, &l)
		addTail(b, i, line, l.Tail)
		return true
	}
	var e errorLine
	if e.read(line, p.loc) {
		e.add(b, i, line)
		return true
	}
	b.Row(i).Error = event.NoMatch
	return false
}
