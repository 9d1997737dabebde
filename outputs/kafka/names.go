package kafka

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
)

// topic is a topic in use.
type topic struct {
	name       string
	class      string        // the retention class whose topic it is, or "" if it holds several
	keep       time.Duration // what it is made with; 0 is for ever
	partitions atomic.Int32  // 0 as long as it is not known
	missing    atomic.Int64  // nanoseconds since 1970 from when on it was not there; 0 if it is
	tooLarge   atomic.Int64  // size of the smallest batch that was refused as too large; 0 is none
}

// names knows the topic of each document. Values from events choose topics, so
// they are confined and the number of topics is capped.
type names struct {
	template *expr.Template
	byClass  map[string]*topic // where the class alone decides; immutable
	classes  map[string]class  // immutable
	longest  time.Duration     // the longest keep of all classes
	perClass bool              // the template names the class
	limit    int
	overflow prometheus.Counter
	records  sync.Pool // of *nameRecord

	known atomic.Pointer[map[string]*topic] // by name; copied to be changed
	mu    sync.Mutex                        // held to change known
}

// class is a retention class, with its name as bytes too.
type class struct {
	text []byte
	keep time.Duration
}

func newNames(c Config, list []outputs.Class, overflow prometheus.Counter) (*names, error) {
	n := &names{template: c.Topic, byClass: map[string]*topic{}, classes: map[string]class{}, limit: c.MaxTopics, overflow: overflow}
	n.records.New = func() any { return new(nameRecord) }
	if n.template == nil {
		var err error
		if n.template, err = parseTemplate(defaultTopic); err != nil {
			return nil, err
		}
	}
	n.perClass = n.template.Reads(classPath)
	for i, l := range list {
		n.classes[l.Name] = class{[]byte(l.Name), l.Keep}
		if i == 0 || n.longest != 0 && (l.Keep == 0 || l.Keep > n.longest) {
			n.longest = l.Keep
		}
	}
	n.known.Store(&map[string]*topic{})
	return n, n.prepare(c, list)
}

// prepare checks the names that the config alone makes, and knows them from
// the start.
func (n *names) prepare(c Config, list []outputs.Class) error {
	if err := n.checkTemplate(); err != nil {
		return err
	}
	seen := map[string]outputs.Class{}
	for _, l := range list {
		name, own := c.Topics[l.Name]
		if !own {
			d := event.Doc{JSON: []byte("{}"), Retention: l.Name}
			name = string(n.render(nil, &d, true))
		}
		if err := checkName(name); err != nil {
			return err
		}
		other, ok := seen[name]
		if ok && other.Keep != l.Keep && (own || n.perClass) {
			return fmt.Errorf("retention classes %s and %s, which are kept for different times, have one topic, %s", other.Name, l.Name, name)
		}
		seen[name] = l
		switch {
		case own:
			n.byClass[l.Name] = n.add(name, l.Name, true)
		case n.onlyClass():
			n.byClass[l.Name] = n.add(name, l.Name, n.perClass) // need not be rendered for each document
		}
	}
	for name := range c.Topics {
		if _, ok := n.classes[name]; !ok {
			return fmt.Errorf("topics names %s, which is no retention class", name)
		}
	}
	return nil
}

// onlyClass reports whether events cannot choose among topics.
func (n *names) onlyClass() bool {
	for _, path := range n.template.Fields() {
		if path != classPath {
			return false
		}
	}
	return true
}

// of returns d's topic. The room behind dst is used to make its name. It
// allocates nothing for a topic that is known.
func (n *names) of(dst []byte, d *event.Doc) *topic {
	if t := n.byClass[d.Retention]; t != nil {
		return t
	}
	end := len(dst)
	dst = n.render(dst, d, false)
	if t := (*n.known.Load())[string(dst[end:])]; t != nil {
		return t
	}
	if len(*n.known.Load()) >= n.limit {
		n.overflow.Inc()
		dst = n.render(dst[:end], d, true) // there are as many of these as classes
		if t := (*n.known.Load())[string(dst[end:])]; t != nil {
			return t
		}
	}
	return n.add(string(dst[end:]), d.Retention, n.perClass)
}

// add knows a topic from now on. own says that no other class has it. Callers
// at the same time can pass the limit by their number.
func (n *names) add(name, class string, own bool) *topic {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := *n.known.Load()
	if t := known[name]; t != nil {
		return t
	}
	t := &topic{name: name, keep: n.longest}
	if c, ok := n.classes[class]; ok && (own || len(n.classes) == 1) {
		t.class, t.keep = class, c.keep
	}
	grown := maps.Clone(known)
	grown[name] = t
	n.known.Store(&grown)
	return t
}

// all are the topics known.
func (n *names) all() map[string]*topic { return *n.known.Load() }

// render appends the name of d's topic. With spared, all values but the class
// are left out, as if the event had none.
func (n *names) render(dst []byte, d *event.Doc, spared bool) []byte {
	r := n.records.Get().(*nameRecord)
	*r = nameRecord{d, n.classes, spared}
	start := len(dst)
	dst = n.template.RenderParts(dst, r, appendConfined)
	*r = nameRecord{}
	n.records.Put(r)
	return dst[:min(len(dst), start+maxName)]
}

// list are the names of all topics known. It is never nil, which would ask for
// all topics of a cluster.
func (n *names) list() []string {
	list := []string{}
	for name := range *n.known.Load() {
		list = append(list, name)
	}
	return list
}
