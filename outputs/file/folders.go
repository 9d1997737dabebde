package file

import "github.com/renthub/sluice/event"

// folders knows the folder of each document. Names come from events, so their
// number is capped: what comes after goes to the folders of "other". For one
// goroutine at a time.
type folders struct {
	form    *form
	limit   int
	metrics metrics
	names   map[string]string // of the template's folders, by themselves: at most limit
	classes map[string]string // for a form that has nothing but the class
	spared  map[string]string // where there is no room for another name, by class
	record  record
	scratch []byte
}

func newFolders(f *form, limit int, m metrics) *folders {
	return &folders{
		form: f, limit: limit, metrics: m,
		names: map[string]string{}, classes: map[string]string{}, spared: map[string]string{},
	}
}

// of returns the folder of d below the root. It allocates nothing for a folder
// that it knows.
func (s *folders) of(d *event.Doc) string {
	if s.form.template == nil {
		return s.ofClass(s.classes, d, false)
	}
	s.record.doc, s.record.spared = d, false
	s.scratch = s.form.append(s.scratch[:0], &s.record)
	s.record.doc = nil
	if name, ok := s.names[string(s.scratch)]; ok {
		return name
	}
	if len(s.names) >= s.limit {
		s.metrics.overflow.Inc()
		return s.ofClass(s.spared, d, true)
	}
	name := string(s.scratch)
	s.names[name] = name
	return name
}

// ofClass returns what known has for d's class. There are as many classes as
// the config has, and those of earlier configs.
func (s *folders) ofClass(known map[string]string, d *event.Doc, spared bool) string {
	name, ok := known[d.Retention]
	if !ok {
		if len(known) > maxGroups {
			clear(known)
		}
		name = string(s.form.append(nil, &record{doc: d, spared: spared}))
		known[d.Retention] = name
	}
	return name
}
