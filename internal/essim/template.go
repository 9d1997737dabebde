package essim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// templates are the index templates and the data streams that they made.
type templates struct {
	mu      sync.RWMutex
	byName  map[string]template // guarded by mu
	streams map[string]*stream  // guarded by mu
}

type template struct {
	raw      json.RawMessage
	Patterns []string         `json:"index_patterns"`
	Priority int              `json:"priority"`
	Stream   *json.RawMessage `json:"data_stream"`
	Template struct {
		Lifecycle *lifecycle `json:"lifecycle"`
		Settings  struct {
			Index struct {
				Lifecycle struct {
					Name string `json:"name"`
				} `json:"lifecycle"`
			} `json:"index"`
		} `json:"settings"`
	} `json:"template"`
}

// policy is the ILM policy that a template names.
func (t template) policy() string { return t.Template.Settings.Index.Lifecycle.Name }

type lifecycle struct {
	Enabled   *bool  `json:"enabled,omitempty"`
	Retention string `json:"data_retention,omitempty"`
}

type stream struct {
	Name      string     `json:"name"`
	Template  string     `json:"template"`
	Lifecycle *lifecycle `json:"lifecycle,omitempty"`
	Policy    string     `json:"ilm_policy,omitempty"`
	ManagedBy string     `json:"next_generation_managed_by"`
	routable  bool
}

// plain reports whether a template makes an index of that name that is no data
// stream.
func (t *templates) plain(name string) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	best := t.bestLocked(name)
	return best != "" && t.byName[best].Stream == nil
}

// routable reports whether a stream takes documents with a routing.
func (t *templates) routable(name string) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.streams[name].routable
}

// bestLocked is the template that makes an index of that name.
func (t *templates) bestLocked(name string) string {
	best := ""
	for n, one := range t.byName {
		if one.covers(name) && (best == "" || one.Priority > t.byName[best].Priority) {
			best = n
		}
	}
	return best
}

// stream reports whether a name is a data stream, and makes it if a template
// says so.
func (t *templates) stream(name string) bool {
	t.mu.RLock()
	_, there := t.streams[name]
	t.mu.RUnlock()
	if there {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	best := t.bestLocked(name)
	if best == "" || t.byName[best].Stream == nil {
		return false
	}
	if t.streams == nil {
		t.streams = map[string]*stream{}
	}
	made := &stream{Name: name, Template: best, Policy: t.byName[best].policy(), ManagedBy: "Data stream lifecycle"}
	made.routable = strings.Contains(string(*t.byName[best].Stream), `"allow_custom_routing":true`)
	if made.Policy != "" { // it goes before a lifecycle
		made.ManagedBy = "Index Lifecycle Management"
	}
	if l := t.byName[best].Template.Lifecycle; l != nil {
		copied := *l
		made.Lifecycle = &copied
	}
	t.streams[name] = made
	return true
}

func (t template) covers(name string) bool {
	return slices.ContainsFunc(t.Patterns, func(p string) bool { return matches(p, name) })
}

// put stores a template, unless create says that it must be new and it is not.
func (t *templates) put(name string, body []byte, create bool) error {
	one := template{raw: slices.Clone(body)}
	if err := json.Unmarshal(body, &one); err != nil {
		return err
	}
	if len(one.Patterns) == 0 {
		return fmt.Errorf("index_patterns is missing")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, there := t.byName[name]; there && create {
		return fmt.Errorf("index template [%s] already exists", name)
	}
	for other, there := range t.byName {
		if other != name && there.Priority == one.Priority && overlap(there.Patterns, one.Patterns) {
			return fmt.Errorf("index template [%s] has index patterns %v matching patterns from existing templates [%s] that have the same priority [%d], multiple index templates may not match during index creation, please use a different priority", name, one.Patterns, other, one.Priority)
		}
	}
	if t.byName == nil {
		t.byName = map[string]template{}
	}
	t.byName[name] = one
	return nil
}

// overlap reports whether some name matches patterns of both lists.
func overlap(a, b []string) bool {
	for _, p := range a {
		for _, q := range b {
			if meet(p, q) {
				return true
			}
		}
	}
	return false
}

// meet reports whether some name matches two patterns with *. They are short:
// nothing is remembered on the way.
func meet(p, q string) bool {
	switch {
	case p == "" || q == "":
		return strings.Trim(p+q, "*") == ""
	case p[0] == '*':
		return meet(p[1:], q) || meet(p, q[1:])
	case q[0] == '*':
		return meet(p, q[1:]) || meet(p[1:], q)
	}
	return p[0] == q[0] && meet(p[1:], q[1:])
}

func (s *Server) getTemplates(w http.ResponseWriter, r *http.Request) {
	type entry struct {
		Name     string          `json:"name"`
		Template json.RawMessage `json:"index_template"`
	}
	list := []entry{}
	name := r.PathValue("name")
	s.templates.mu.RLock()
	for n, t := range s.templates.byName {
		if name == "" || matches(name, n) {
			list = append(list, entry{n, t.raw})
		}
	}
	s.templates.mu.RUnlock()
	if len(list) == 0 && name != "" && !strings.Contains(name, "*") {
		fail(w, http.StatusNotFound, "resource_not_found_exception", "index template matching ["+name+"] not found")
		return
	}
	answer(w, http.StatusOK, map[string]any{"index_templates": list})
}

func (s *Server) putTemplate(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err == nil {
		err = s.templates.put(r.PathValue("name"), body, r.URL.Query().Get("create") == "true")
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "illegal_argument_exception", err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]bool{"acknowledged": true})
}

func (s *Server) deleteTemplate(w http.ResponseWriter, r *http.Request) {
	s.RemoveTemplate(r.PathValue("name"))
	answer(w, http.StatusOK, map[string]bool{"acknowledged": true})
}

// RemoveTemplate takes a template away, and the streams that it made, as a
// person might do while the agent runs.
func (s *Server) RemoveTemplate(name string) {
	s.templates.mu.Lock()
	defer s.templates.mu.Unlock()
	delete(s.templates.byName, name)
	for n, one := range s.templates.streams {
		if one.Template == name {
			delete(s.templates.streams, n)
		}
	}
}

func (s *Server) getStreams(w http.ResponseWriter, r *http.Request) {
	list := []stream{}
	s.templates.mu.RLock()
	for n, one := range s.templates.streams {
		if matches(r.PathValue("pattern"), n) {
			list = append(list, *one)
		}
	}
	s.templates.mu.RUnlock()
	slices.SortFunc(list, func(a, b stream) int { return strings.Compare(a.Name, b.Name) })
	answer(w, http.StatusOK, map[string]any{"data_streams": list})
}

func (s *Server) putLifecycle(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	var l lifecycle
	if err == nil {
		err = json.Unmarshal(body, &l)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "parse_exception", err.Error())
		return
	}
	s.templates.mu.Lock()
	one := s.templates.streams[r.PathValue("name")]
	if one != nil {
		one.Lifecycle = &l
	}
	s.templates.mu.Unlock()
	if one == nil {
		fail(w, http.StatusNotFound, "index_not_found_exception", "no such data stream")
		return
	}
	answer(w, http.StatusOK, map[string]bool{"acknowledged": true})
}
