// Package parsers is the contract of what reads fields out of records. Each
// parser is a folder below this one.
package parsers

import (
	"time"

	"github.com/renthub/sluice/event"
)

// Parser reads the fields of a record.
type Parser interface {
	// Parse adds the fields of row i of b in place and reports whether the
	// record is one of its kind. If it is not, the row is left as it was, but
	// for Row.Error, which says why. It sets Row.Time and Row.Severity where
	// the record has them. It is called concurrently on different batches and
	// keeps nothing between calls but in Source.Memo. A record of its kind of
	// which a part is unreadable (its time) is flagged and true.
	Parse(b *event.Batch, i int) bool
}

// Deps are what a parser works with.
type Deps struct {
	Name     string         // its address in the config, "regex.gateway"
	Location *time.Location // the zone of times that name none
}

// Type is a kind of parser, as `parser "regex" "name"` names it.
type Type struct {
	Name string
	// Framing names the built-in multi-line rule of its records, "laravel",
	// or is empty where a record is a line.
	Framing string
	Config  func() any // a pointer to a new config that holds the defaults
	Open    func(config any, d Deps) (Parser, error)
}

// Define makes a Type from the defaults of its config and its constructor. A
// type whose config needs nothing set is also a built-in: `parser = "json"`.
func Define[C any](name string, defaults C, open func(C, Deps) (Parser, error)) Type {
	return Type{
		Name:   name,
		Config: func() any { c := defaults; return &c },
		Open:   func(c any, d Deps) (Parser, error) { return open(*c.(*C), d) },
	}
}

// First returns a parser that tries several in order and keeps what the first
// that matches made.
func First(list []Parser) Parser {
	if len(list) == 1 {
		return list[0]
	}
	return first(list)
}

type first []Parser

func (f first) Parse(b *event.Batch, i int) bool {
	for _, p := range f {
		b.Row(i).Error = event.NoError
		if p.Parse(b, i) {
			return true
		}
	}
	b.Row(i).Error = event.NoMatch
	return false
}
