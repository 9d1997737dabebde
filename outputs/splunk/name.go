package splunk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
)

// Limits of names, in bytes.
const (
	maxName  = 80  // of an index or a sourcetype
	maxValue = 60  // of one value from an event in it
	maxKey   = 400 // of one value before it is confined
)

const (
	classPath = "labels.retention" // what ${retention.class} reads
	generic   = "other"            // for a value that an event has not
)

// names gives a document its index, or its sourcetype: confined, and bounded
// in number, since values come from events.
type names struct {
	template  *expr.Template
	byClass   map[string]string // of the setting indexes
	allowed   func(byte) bool   // in a value from an event
	limit     int
	classOnly bool // the template reads nothing but the class
	overflow  prometheus.Counter
	records   sync.Pool // of *nameRecord

	known atomic.Pointer[map[string]name] // by key; copied to be changed
	mu    sync.Mutex
	made  map[string]bool // guarded by mu; at most limit
}

// name is one name that was made.
type name struct {
	text     string
	overflow bool // without values from the event, for want of room
}

// keysForName is how many keys are remembered for each name allowed: several
// values can be one name once confined.
const keysForName = 4

func newNames(t *expr.Template, byClass map[string]string, allowed func(byte) bool, limit int, overflow prometheus.Counter) *names {
	n := &names{template: t, byClass: byClass, allowed: allowed, limit: limit, overflow: overflow, made: map[string]bool{}}
	fields := t.Fields()
	n.classOnly = len(fields) == 0 || len(fields) == 1 && fields[0] == classPath
	n.records.New = func() any { return new(nameRecord) }
	n.known.Store(&map[string]name{})
	return n
}

// count is of, and counts what goes elsewhere for want of room.
func (n *names) count(scratch []byte, d *event.Doc) string {
	got := n.of(scratch, d)
	if got.overflow {
		n.overflow.Inc()
	}
	return got.text
}

// of returns the name for d; one without text is none. scratch is memory to
// work in. It allocates nothing for a key that it knows.
func (n *names) of(scratch []byte, d *event.Doc) (got name) {
	if text, ok := n.byClass[d.Retention]; ok {
		return name{text: text}
	}
	var ok bool
	if n.classOnly {
		if got, ok = (*n.known.Load())[d.Retention]; !ok {
			got = n.learn(d.Retention, d)
		}
	} else {
		key := n.render(scratch, d, false, appendKeyPart)[len(scratch):]
		if got, ok = (*n.known.Load())[string(key)]; !ok {
			got = n.learn(string(key), d)
		}
	}
	return got
}

// learn returns the name for a key that was not known a moment ago.
func (n *names) learn(key string, d *event.Doc) name {
	text := n.text(d, false)
	n.mu.Lock()
	defer n.mu.Unlock()
	known := *n.known.Load()
	if there, ok := known[key]; ok {
		return there
	}
	made := name{text: text, overflow: !n.made[text] && len(n.made) >= n.limit}
	if made.overflow {
		made.text = n.text(d, true)
	} else {
		n.made[text] = true
	}
	if len(known) < keysForName*n.limit {
		grown := maps.Clone(known)
		grown[key] = made
		n.known.Store(&grown)
	}
	return made
}

// text is the name. With spared, all values but the class are left out.
func (n *names) text(d *event.Doc, spared bool) string {
	text := n.render(nil, d, spared, n.appendConfined)
	return string(text[:min(len(text), maxName)])
}

func (n *names) appendConfined(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, generic...)
	}
	return expr.Confine(dst, value, n.allowed, maxValue)
}

// appendKeyPart appends a value after its length, so that no value can look
// like the end of one and the beginning of the next.
func appendKeyPart(dst, value []byte) []byte {
	value = value[:min(len(value), maxKey)]
	return append(binary.LittleEndian.AppendUint16(dst, uint16(len(value))), value...)
}

func (n *names) render(dst []byte, d *event.Doc, spared bool, part func(dst, value []byte) []byte) []byte {
	r := n.records.Get().(*nameRecord)
	*r = nameRecord{doc: d, class: append(r.class[:0], d.Retention...), spared: spared}
	dst = n.template.RenderParts(dst, r, part)
	r.doc = nil
	n.records.Put(r)
	return dst
}

// nameRecord is a document as the template of a name sees it. Its class is that
// of the index row, whatever the line says.
type nameRecord struct {
	doc    *event.Doc
	class  []byte
	spared bool
}

func (r *nameRecord) Lookup(path string) event.Value {
	switch {
	case path == classPath:
		return event.Value{Kind: event.String, Text: r.class}
	case r.spared:
		return event.Value{}
	}
	return r.doc.Lookup(path)
}

// inIndex says which bytes a value may bring into an index's name. A hyphen is
// left to the setting, so that no value can end one part and begin the next.
func inIndex(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' }

// inSourcetype is the same for a sourcetype.
func inSourcetype(c byte) bool {
	return inIndex(c) || 'A' <= c && c <= 'Z' || c == '-' || c == '.'
}

// nothing is a document without fields.
type nothing struct{}

func (nothing) Lookup(string) event.Value { return event.Value{} }

// literals is what a template has of its own, with a NUL for each value.
func literals(t *expr.Template) string {
	return string(t.RenderParts(nil, nothing{}, func(dst, _ []byte) []byte { return append(dst, 0) }))
}

// indexProblems are those of the settings index and indexes.
func (c Config) indexProblems() []config.Problem {
	var found []config.Problem
	bad := func(attr, format string, args ...any) {
		found = append(found, config.Problem{Attr: attr, Summary: "Wrong value for " + attr, Detail: fmt.Sprintf(format, args...)})
	}
	if c.Index != nil && c.Index.Known() {
		text := literals(c.Index)
		switch {
		case text == "":
			bad("index", "It is empty. Leave it out for the token's default index.")
		case text[0] == 0 && !c.readsOnlyClass():
			bad("index", "It must begin with text of its own, so that no event can name another's index.")
		case len(text) > maxName-maxValue && !c.readsOnlyClass():
			bad("index", "It has more than %d bytes of its own.", maxName-maxValue)
		default:
			if err := checkIndex(strings.ReplaceAll(text, "\x00", "x")); err != nil {
				bad("index", "Splunk has no such index: %v.", err)
			}
		}
	}
	for _, class := range slices.Sorted(maps.Keys(c.Indexes)) {
		if err := checkIndex(c.Indexes[class]); err != nil {
			bad("indexes", "Splunk has no such index for class %s: %v.", class, err)
		}
	}
	return found
}

// checkClasses reports classes in the setting indexes that there are not.
func (c Config) checkClasses(classes []outputs.Class) error {
	for _, class := range slices.Sorted(maps.Keys(c.Indexes)) {
		if !slices.ContainsFunc(classes, func(known outputs.Class) bool { return known.Name == class }) {
			return fmt.Errorf("indexes: %q is no retention class", class)
		}
	}
	return nil
}

func (c Config) readsOnlyClass() bool {
	return !slices.ContainsFunc(c.Index.Fields(), func(f string) bool { return f != classPath })
}

// checkIndex reports why Splunk has no index of that name.
func checkIndex(name string) error {
	switch {
	case name == "":
		return errors.New("an index has no name")
	case name[0] == '_' || name[0] == '-':
		return fmt.Errorf("%q begins with %c, as only Splunk's own indexes do", name, name[0])
	case strings.Contains(name, "kvstore"):
		return fmt.Errorf("%q holds kvstore, which Splunk does not allow", name)
	case len(name) > maxName:
		return fmt.Errorf("%q has more than %d bytes", name, maxName)
	}
	for i := range len(name) {
		if c := name[i]; c != '-' && !inIndex(c) {
			return fmt.Errorf("%q holds %q: lower-case letters, digits, - and _ are allowed", name, c)
		}
	}
	return nil
}
