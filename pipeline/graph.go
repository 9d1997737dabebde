package pipeline

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/parsers"
)

// Condition is a compiled `where`.
type Condition = func(r event.Record) bool

// Enricher changes a row in place: one `enrich` block. r shows the row.
type Enricher interface {
	Apply(b *event.Batch, i int, r event.Record)
}

// Graph is the left half of the pipeline for one config. It is immutable; a
// reload puts another in its place.
type Graph struct {
	chains  map[string]Chain // by the address of the input
	classes []Class
	names   []string // of the classes
	dflt    uint8    // index of the default class
	routes  *Routes
	wrap    event.Wrap
	wrapID  uint64
	codec   event.Codec
}

// Chain is what one input's records go through.
type Chain struct {
	Parser parsers.Parser
	Enrich []Enricher
}

// Class is a retention class.
type Class struct {
	Name  string
	Keep  time.Duration // 0 is for ever
	Where Condition     // nil takes no record: it is reached as the default only
}

// NewGraph makes the left half for a plan. w is how blocks are wrapped; nil is
// bare.
func NewGraph(p *GraphPlan, routes *Routes, w outputs.Wrapper) *Graph {
	g := &Graph{chains: p.Chains, classes: p.Classes, routes: routes, wrap: event.BareWrap, codec: event.Zstd}
	if w != nil {
		g.wrap, g.wrapID, g.codec = w.Wrap, w.Wrapping(), event.Deflate
	}
	for i, c := range p.Classes {
		g.names = append(g.names, c.Name)
		if c.Name == p.Default {
			g.dflt = uint8(i)
		}
	}
	return g
}

// classify returns the index of the class of a record.
func (g *Graph) classify(r event.Record) uint8 {
	for i := range g.classes {
		if c := &g.classes[i]; c.Where != nil && c.Where(r) {
			return uint8(i)
		}
	}
	return g.dflt
}

// Routes choose the outputs of a record: the first whose condition holds. They
// are immutable.
type Routes struct {
	list       []Route
	sets       []set
	quarantine int // the set of what lacks required fields; 0 if no route requires any
	hash       uint64
}

// Route sends records to some outputs.
type Route struct {
	Name  string
	Where Condition // nil takes every record
	Hash  uint64    // of the condition, so that a change is noticed
	To    []string  // addresses of outputs
	// Require are fields that a record of this route must have, as paths. One
	// that lacks any goes to the quarantine, never to a default destination.
	Require []string

	set int
}

// set is a set of outputs that at least one route names. sets[0] is all of them.
type set struct{ names []string }

// maxOpen is how many blocks a cut may have open: one for each of the first
// sets, and one that is shared by the rest and picked apart on delivery.
const maxOpen = 4

// NewRoutes prepares routes in the order of the config.
func NewRoutes(list []Route) *Routes {
	r := &Routes{list: list, sets: []set{{}}}
	if len(list) == 0 {
		return r
	}
	h := fnv.New64a()
	for i := range list {
		l := &r.list[i]
		l.set = r.setOf(l.To)
		fmt.Fprintf(h, "%x %q %q\n", l.Hash, l.To, l.Require)
		if len(l.Require) > 0 {
			r.quarantine = r.setOf([]string{Quarantine})
		}
	}
	r.hash = max(h.Sum64(), named+1)
	return r
}

// mixed stands in the place of the routes' hash in blocks that hold documents
// of several sets: delivery decides for each of them.
const mixed = 1

func (r *Routes) setOf(names []string) int {
	for i := 1; i < len(r.sets); i++ {
		if equal(r.sets[i].names, names) {
			return i
		}
	}
	r.sets = append(r.sets, set{names})
	return len(r.sets) - 1
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// choose returns the set of outputs for a record, and false where no route
// takes it and it goes to all.
func (r *Routes) choose(rec event.Record) (set int, routed bool) {
	for i := range r.list {
		if l := &r.list[i]; l.Where == nil || l.Where(rec) {
			if l.lacks(rec) != "" {
				return r.quarantine, true
			}
			return l.set, true
		}
	}
	return 0, len(r.list) == 0
}

// lacks returns a required field that rec has not, or "".
func (l *Route) lacks(rec event.Record) string {
	for _, path := range l.Require {
		if v := rec.Lookup(path); v.Kind == event.Missing || v.Kind == event.Null {
			return path
		}
	}
	return ""
}

// refused names the route that took rec, and the field that rec lacks.
func (r *Routes) refused(rec event.Record) (route, field string) {
	for i := range r.list {
		if l := &r.list[i]; l.Where == nil || l.Where(rec) {
			return "route." + l.Name, l.lacks(rec)
		}
	}
	return "", ""
}

// takes reports whether output is in a set.
func (r *Routes) takes(set int, output string) bool {
	if set == 0 {
		return isIn(nil, output)
	}
	return isIn(r.sets[set].names, output)
}

// isIn reports whether an output is in a set of outputs: nil is all of them.
func isIn(names []string, output string) bool {
	return names == nil && output != Quarantine || contains(names, output)
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// stamp puts into the head of a block which outputs it is for.
func (r *Routes) stamp(b *event.Block, set int) {
	b.Routes, b.Set = r.hash, r.sets[set].names
	if set >= maxOpen-1 && len(r.sets) > maxOpen {
		b.Routes, b.Set = mixed, nil
	}
}

// open returns which of the at most maxOpen blocks takes documents of a set.
func (r *Routes) open(set int) int { return min(set, maxOpen-1) }
