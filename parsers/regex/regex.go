// Package regex reads records by a regular expression with named groups. It
// is the slowest way; package pattern does for most what this does.
package regex

import (
	"fmt"
	"regexp"
	"sync"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/captures"
)

// Config is the settings of a parser "regex" block.
type Config struct {
	Pattern   *regexp.Regexp      `hcl:"pattern"`            // RE2, with groups (?P<name>...)
	Timestamp *captures.Timestamp `hcl:"timestamp,optional"` // which group is the time
}

// Validate implements config.Validator.
func (c Config) Validate() []config.Problem {
	if c.Pattern == nil {
		return nil
	}
	if _, err := open(c, parsers.Deps{}); err != nil {
		return []config.Problem{{Attr: "pattern", Summary: "The pattern does not give fields", Detail: fmt.Sprintf("%v.", err)}}
	}
	return nil
}

// Type is the regex parser's.
var Type = parsers.Define("regex", Config{}, open)

func open(c Config, d parsers.Deps) (parsers.Parser, error) {
	if c.Pattern == nil {
		return nil, fmt.Errorf("a regex parser needs a pattern")
	}
	names, err := captures.New(c.Pattern.SubexpNames()[1:], c.Timestamp, d.Location)
	if err != nil {
		return nil, err
	}
	return &parser{re: c.Pattern, names: names}, nil
}

type parser struct {
	re    *regexp.Regexp
	names *captures.Names
	free  sync.Pool // of *[]captures.Capture
}

// Parse implements parsers.Parser.
func (p *parser) Parse(b *event.Batch, i int) bool {
	row := b.Row(i)
	at := p.re.FindSubmatchIndex(b.Line(i))
	if at == nil {
		row.Error = event.NoMatch
		return false
	}
	found, ok := p.free.Get().(*[]captures.Capture)
	if !ok {
		found = new([]captures.Capture)
	}
	*found = (*found)[:0]
	for k := 2; k < len(at); k += 2 {
		var c captures.Capture
		if at[k] >= 0 {
			c = captures.Capture{Kind: event.String, Val: event.Span{Off: row.Line.Off + uint32(at[k]), Len: uint32(at[k+1] - at[k])}}
		}
		*found = append(*found, c)
	}
	p.names.Put(b, i, *found)
	p.free.Put(found)
	return true
}
