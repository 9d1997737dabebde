package elasticsearch

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
)

// streams knows the action line of each stream in use. Names come from events,
// so their number is capped: what comes after goes to the generic stream.
type streams struct {
	form     *form
	ids      bool // document_id
	limit    int  // of names
	overflow prometheus.Counter
	now      func() time.Time // nil where the names stay: those of indices have dates

	lines atomic.Pointer[map[string]line] // by form.appendKey; copied to be changed
	mu    sync.Mutex
	names map[string]bool // guarded by mu; confined, at most limit
	day   int64           // guarded by mu; the day that names are counted for
}

// line is the beginning of an action line, up to the id.
type line struct {
	text     []byte
	overflow bool // the generic stream, for want of room
}

// keysForName is how many keys are remembered for each name allowed: several
// values can be one name once confined, and events choose the values.
const keysForName = 4

func newStreams(form *form, c Config, overflow prometheus.Counter, now func() time.Time) *streams {
	s := &streams{form: form, ids: c.DocumentID, limit: c.MaxStreams, overflow: overflow, names: map[string]bool{}}
	if c.Index != nil {
		s.now = now
	}
	s.lines.Store(&map[string]line{})
	return s
}

// appendAction appends the beginning of d's action line, up to its id. It
// allocates nothing for a key that it knows.
func (s *streams) appendAction(dst []byte, d *event.Doc) []byte {
	end := len(dst)
	dst = s.form.appendKey(dst, d) // the key stands where the line will
	known, ok := (*s.lines.Load())[string(dst[end:])]
	if !ok {
		known = s.learn(string(dst[end:]), d)
	}
	if known.overflow {
		s.overflow.Inc()
	}
	return append(dst[:end], known.text...)
}

// learn returns the line for a key that was not known a moment ago.
func (s *streams) learn(key string, d *event.Doc) line {
	name := string(s.form.append(nil, d, false))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turnDay()
	lines := *s.lines.Load()
	if there, ok := lines[key]; ok {
		return there
	}
	made := line{overflow: !s.names[name] && len(s.names) >= s.limit}
	if !made.overflow {
		s.names[name] = true
	}
	made.text = s.appendLine(nil, d, made.overflow)
	if len(lines) < keysForName*s.limit {
		grown := maps.Clone(lines)
		grown[key] = made
		s.lines.Store(&grown)
	}
	return made
}

// turnDay begins a new count of names with each day, where names have dates.
// The caller holds mu.
func (s *streams) turnDay() {
	if s.now == nil {
		return
	}
	if day := s.now().Unix() / (24 * 60 * 60); day != s.day {
		s.day, s.names = day, map[string]bool{}
		s.lines.Store(&map[string]line{})
	}
}

// appendLine appends the action line of d's stream, up to where the id goes,
// or to where it would if there are no ids.
func (s *streams) appendLine(dst []byte, d *event.Doc, spared bool) []byte {
	_, constant := s.form.constant()
	dst = append(dst, `{"create":{`...)
	if !constant {
		dst = append(dst, `"_index":"`...)
		dst = append(s.form.append(dst, d, spared), '"')
	}
	switch {
	case !s.ids:
		return dst
	case !constant:
		dst = append(dst, ',')
	}
	return append(dst, `"_id":"`...)
}
