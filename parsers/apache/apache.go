// Package apache reads Apache's access log: the common, the combined and the
// vhost_combined format.
package apache

import (
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/access"
)

// Config has no settings.
type Config struct{}

// Type is the apache parser's.
var Type = parsers.Define("apache", Config{}, open)

func open(Config, parsers.Deps) (parsers.Parser, error) { return parser{}, nil }

type parser struct{}

// Parse implements parsers.Parser.
func (parser) Parse(b *event.Batch, i int) bool {
	var l access.Line
	if !access.Read(b.Line(i), &l) {
		b.Row(i).Error = event.NoMatch
		return false
	}
	access.Add(b, i, &l)
	return true
}
