package framing

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// The limits of a joined record, unless the rule says otherwise.
const (
	DefaultMaxLines = 500
	DefaultMaxBytes = 1 << 20
	DefaultTimeout  = time.Second
)

// Rule says which lines are joined to one record. Make it with Named or Match; it is immutable and can be shared.
type Rule struct {
	Timeout  time.Duration // how long after the last byte an open record is held
	MaxLines int
	MaxBytes int // of the source

	lines matcher
}

// matcher decides which lines belong together. Lines come without their ends.
type matcher interface {
	// first looks at a record's first line.
	first(line []byte) joinState
	// next says whether line belongs to the record before it.
	next(s joinState, line []byte) (joinState, bool)
}

// joinState is what a matcher remembers of an open record.
type joinState uint8

const (
	closed joinState = iota // no further line can belong to it
	open                    // others may follow
	likely                  // others often follow; it is not the usual case
	trace                   // in the frames of a Python trace, which end with a line that is not indented
)

// quickTimeout is how long the automatic rule holds a line that is most likely alone.
const quickTimeout = 100 * time.Millisecond

func (r *Rule) wait(s joinState) time.Duration {
	if s == likely {
		return min(quickTimeout, r.Timeout)
	}
	return r.Timeout
}

// Named returns the built-in rule of that name: "laravel", "auto", or "" for none, which is nil.
func Named(name string) (*Rule, error) {
	r := &Rule{Timeout: DefaultTimeout, MaxLines: DefaultMaxLines, MaxBytes: DefaultMaxBytes}
	switch name {
	case "":
		return nil, nil
	case "laravel":
		r.lines = laravel{}
	case "auto":
		r.lines = auto{}
	default:
		return nil, fmt.Errorf("find multi-line rule %q: not laravel or auto", name)
	}
	return r, nil
}

// Match returns a rule of regular expressions. A line that matches start begins a record. Of the other lines, those that
// match cont belong to the record before; if cont is nil all of them do. One of the two may be nil.
func Match(start, cont *regexp.Regexp) (*Rule, error) {
	if start == nil && cont == nil {
		return nil, errors.New("make multi-line rule: neither start nor continue is given")
	}
	return &Rule{Timeout: DefaultTimeout, MaxLines: DefaultMaxLines, MaxBytes: DefaultMaxBytes, lines: expressions{start, cont}}, nil
}

// expressions joins lines by regular expressions.
type expressions struct{ start, cont *regexp.Regexp }

func (expressions) first([]byte) joinState { return open }

func (e expressions) next(s joinState, line []byte) (joinState, bool) {
	if e.start != nil && e.start.Match(line) {
		return s, false
	}
	return s, e.cont == nil || e.cont.Match(line)
}
