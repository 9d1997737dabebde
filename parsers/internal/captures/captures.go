// Package captures turns what a user's pattern captured into fields.
package captures

import (
	"fmt"
	"regexp"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers/internal/ecs"
	"github.com/renthub/sluice/parsers/timestamp"
)

// Timestamp says which capture is the time, and its form.
type Timestamp struct {
	Field  string `hcl:"field"`
	Layout string `hcl:"layout,optional"` // of Go's package time, or a name of timestamp.NewLayout; "" is any usual form
}

// Names are the captures of a pattern, in order. It is immutable but for the
// memory that it keeps.
type Names struct {
	names  []string
	time   int // which is the time, or -1
	layout *timestamp.Layout
	loc    *time.Location
	rows   ecs.Rows
}

var nameForm = regexp.MustCompile(`^[\pL\pN_@$-]+(\.[\pL\pN_@$-]+)*$`)

// New checks the names of captures. An empty one is not kept.
func New(names []string, at *Timestamp, loc *time.Location) (*Names, error) {
	n := &Names{names: names, time: -1, loc: loc}
	seen := map[string]bool{}
	for k, name := range names {
		if name == "" {
			continue
		}
		if !nameForm.MatchString(name) {
			return nil, fmt.Errorf("%q cannot be the name of a field", name)
		}
		if seen[name] {
			return nil, fmt.Errorf("field %q is captured twice", name)
		}
		seen[name] = true
		if at != nil && at.Field == name {
			n.time = k
		}
	}
	if len(seen) == 0 {
		return nil, fmt.Errorf("the pattern captures nothing")
	}
	if at == nil {
		return n, nil
	}
	if n.time < 0 {
		return nil, fmt.Errorf("the pattern captures no %q, which timestamp names", at.Field)
	}
	var err error
	if n.layout, err = timestamp.NewLayout(at.Layout, loc); err != nil {
		return nil, fmt.Errorf("timestamp: %w", err)
	}
	return n, nil
}

// Capture is what one part of a pattern captured.
type Capture struct {
	Val  event.Span
	Kind event.Kind // Missing if it took no part in the match
}

// Put makes fields of row i of what was captured.
func (n *Names) Put(b *event.Batch, i int, captured []Capture) {
	w := n.rows.Get()
	w.Begin(b, i, n.loc)
	var at int64
	timed, bad := false, false
	for k := range captured {
		c := &captured[k]
		if c.Kind == event.Missing || n.names[k] == "" {
			continue
		}
		if k == n.time {
			if at, timed = n.layout.Parse(b.Bytes(c.Val)); timed {
				continue
			}
			bad = true
		}
		w.Put(event.Field{Key: b.StoreString(n.names[k]), Val: c.Val, Kind: c.Kind, KeyJSON: true})
	}
	w.End()
	n.rows.Put(w)
	row := b.Row(i)
	if bad {
		row.Error = event.BadTime
	}
	if timed { // what was named is the time, whatever else looks like one
		row.Time = at
		if k := b.Find(i, "@timestamp"); k >= 0 {
			b.Remove(i, k)
		}
		if row.Error == event.BadTime {
			row.Error = event.NoError
		}
	}
}
