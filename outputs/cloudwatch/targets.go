package cloudwatch

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
)

// targets knows each stream in use. Names come from events, so their number is
// capped: what comes after goes to the generic stream.
type targets struct {
	form      *form
	limit     int // of streams
	maxSpread int
	overflow  prometheus.Counter

	known atomic.Pointer[map[string]found] // by form.appendKey; copied to be changed
	lanes sync.Map                         // *lane by target
	keys  sync.Pool                        // of *[]byte

	mu      sync.Mutex
	streams map[string]*stream // guarded by mu; by target of the first lane, at most limit and the generic ones
	groups  map[string]*group  // guarded by mu; by name
}

// found is what a key leads to.
type found struct {
	*stream
	overflow bool // the generic stream, for want of room
}

// stream is one name of a stream in one group, and the lanes that it is spread
// over when one is too slow.
type stream struct {
	group *group
	lanes []*lane      // immutable, maxSpread of them
	width atomic.Int32 // how many of them are in use
	load  load
}

// lane is one stream as the service has it. It is immutable.
type lane struct {
	target string // "GROUP:STREAM", as Request.Target has it; a name has no colon
	name   string // of the stream
	stream *stream
}

// group is a log group.
type group struct {
	name  string
	class string // retention class of its documents
	state groupState
}

// keysForName is how many keys are remembered for each name allowed: several
// values can be one name once confined, and events choose the values.
const keysForName = 4

// runOfLane is how many bytes of a source follow each other in one lane.
const runOfLane = 20 // bits

func newTargets(f *form, c *Config, overflow prometheus.Counter) *targets {
	t := &targets{form: f, limit: c.MaxStreams, maxSpread: c.MaxSpread, overflow: overflow, streams: map[string]*stream{}, groups: map[string]*group{}}
	t.known.Store(&map[string]found{})
	t.keys.New = func() any { return new([]byte) }
	return t
}

// of returns the lane of a document. It allocates nothing for a key that it
// knows.
func (t *targets) of(d *event.Doc) *lane {
	buf := t.keys.Get().(*[]byte)
	key := t.form.appendKey((*buf)[:0], d)
	s, ok := (*t.known.Load())[string(key)]
	if !ok {
		s = t.learn(string(key), d)
	}
	*buf = key
	t.keys.Put(buf)
	if s.overflow {
		t.overflow.Inc()
	}
	width := uint64(s.width.Load())
	if width <= 1 {
		return s.lanes[0]
	}
	return s.lanes[(d.ID.Source^uint64(d.ID.Pos>>runOfLane))%width]
}

// named returns the lane of a target, or nil.
func (t *targets) named(target string) *lane {
	l, ok := t.lanes.Load(target)
	if !ok {
		return nil
	}
	return l.(*lane)
}

// learn returns the stream for a key that was not known a moment ago.
func (t *targets) learn(key string, d *event.Doc) found {
	group, name := t.form.names(d, false)
	t.mu.Lock()
	defer t.mu.Unlock()
	known := *t.known.Load()
	if there, ok := known[key]; ok {
		return there
	}
	made := found{stream: t.streams[targetOf(group, name)]}
	if made.stream == nil {
		if made.overflow = len(t.streams) >= t.limit; made.overflow {
			group, name = t.form.names(d, true)
		}
		made.stream = t.make(group, name, d.Retention)
	}
	if len(known) < keysForName*t.limit {
		grown := maps.Clone(known)
		grown[key] = made
		t.known.Store(&grown)
	}
	return made
}

func targetOf(group, stream string) string { return group + ":" + stream }

// make returns the stream of a name, a new one if it is not there. It is
// called with mu held.
func (t *targets) make(groupName, name, class string) *stream {
	if s, ok := t.streams[targetOf(groupName, name)]; ok {
		return s
	}
	g, ok := t.groups[groupName]
	if !ok {
		g = &group{name: groupName, class: class}
		t.groups[groupName] = g
	}
	s := &stream{group: g}
	s.width.Store(1)
	for i := range t.maxSpread {
		l := &lane{name: name, stream: s}
		if i > 0 {
			l.name += "/" + strconv.Itoa(i+1)
		}
		l.target = targetOf(groupName, l.name)
		s.lanes = append(s.lanes, l)
		t.lanes.Store(l.target, l)
	}
	t.streams[targetOf(groupName, name)] = s
	return s
}
