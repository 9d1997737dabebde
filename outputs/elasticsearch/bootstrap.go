package elasticsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/renthub/sluice/outputs"
)

// serverTemplate is what is read of an index template.
type serverTemplate struct {
	Name string `json:"name"`
	Body struct {
		Patterns []string `json:"index_patterns"`
		Priority int      `json:"priority"`
		Template struct {
			Lifecycle *serverLifecycle `json:"lifecycle"`
			Settings  struct {
				Index struct {
					Lifecycle struct {
						Name string `json:"name"`
					} `json:"lifecycle"`
				} `json:"index"`
			} `json:"settings"`
		} `json:"template"`
	} `json:"index_template"`
}

type serverLifecycle struct {
	Enabled      *bool  `json:"enabled"`
	Retention    string `json:"data_retention"`
	Effective    string `json:"effective_retention"`
	DeterminedBy string `json:"retention_determined_by"`
}

// bootstrap puts a template for each class that has none. It changes nothing
// that exists: a template of another that covers a class stays the one that
// counts, and one that covers a part of it keeps that part.
func (o *Output) bootstrap(ctx context.Context) error {
	there, err := o.listTemplates(ctx)
	if err != nil {
		return o.withoutPrivilege(err)
	}
	for _, t := range o.targets() {
		place := findPlace(t, there)
		switch {
		case place.ours != nil:
			continue
		case place.covering != nil:
			o.logger.Info("index template is there, its retention is not ours",
				"template", place.covering.Name, "streams", t.pattern, "hint", "sluice retention plan")
			continue
		case place.priority < 0:
			return &outputs.Misconfigured{Err: fmt.Errorf("index template %s covers a part of %s with priority 0 and leaves no lower one: make a template for %s", place.blocking, t.pattern, t.pattern)}
		}
		if o.usesILM() {
			if err := o.bootstrapPolicy(ctx, t); err != nil {
				return o.withoutPrivilege(err)
			}
		}
		if err := o.putTemplate(ctx, t, place.priority); err != nil {
			return o.withoutPrivilege(err)
		}
		// Patterns with a star behind the class have names in common with
		// those of other classes, though no name of ours is one: they may not
		// have the same priority.
		there = append(there, t.listed(place.priority))
		o.logger.Info("made index template", "template", t.template, "streams", t.pattern, "keep", formatRetention(t.class.Keep))
	}
	return nil
}

// withoutPrivilege lets an output go on whose key may only write: somebody
// else makes the templates, and a missing one is told by the first bulk.
func (o *Output) withoutPrivilege(err error) error {
	var e *refused
	if !errors.As(err, &e) || e.status != http.StatusForbidden {
		return err
	}
	o.logger.Warn("cannot see or make index templates", "error", e)
	return nil
}

// listed is a target's template as the server would list it.
func (t target) listed(priority int) serverTemplate {
	s := serverTemplate{Name: t.template}
	s.Body.Patterns, s.Body.Priority = []string{t.pattern}, priority
	return s
}

// place is where a target's template goes among those that are there.
type place struct {
	ours     *serverTemplate // it is there already
	covering *serverTemplate // another's, which has all of the target's streams
	priority int             // for a new one, below all that have a part of them
	blocking string          // the template that leaves no priority
}

func findPlace(t target, there []serverTemplate) place {
	p := place{priority: priority}
	for i := range there {
		one := &there[i]
		if one.Name == t.template {
			p.ours = one
			continue
		}
		for _, pattern := range one.Body.Patterns {
			switch {
			case covers(pattern, t.pattern):
				if p.covering == nil || one.Body.Priority > p.covering.Body.Priority {
					p.covering = one
				}
			case overlaps(pattern, t.pattern) && one.Body.Priority-1 < p.priority:
				p.priority, p.blocking = one.Body.Priority-1, one.Name
			}
		}
	}
	return p
}

func (o *Output) listTemplates(ctx context.Context) ([]serverTemplate, error) {
	const each = "index_templates.index_template."
	answer, body, err := o.call(ctx, esapi.IndicesGetIndexTemplateRequest{FilterPath: []string{
		"index_templates.name", each + "index_patterns", each + "priority",
		each + "template.lifecycle", each + "template.settings.index.lifecycle.name",
	}})
	var list struct {
		Templates []serverTemplate `json:"index_templates"`
	}
	if err == nil {
		err = json.Unmarshal(body, &list)
	}
	if err != nil {
		return nil, o.wrapCall("list index templates", answer, err)
	}
	slices.SortFunc(list.Templates, func(a, b serverTemplate) int { return strings.Compare(a.Name, b.Name) })
	return list.Templates, nil
}

// putTemplate makes a target's template. A server without data stream
// lifecycles gets it without, and retention is then for a person to arrange.
func (o *Output) putTemplate(ctx context.Context, t target, priority int) error {
	err := o.putBody(ctx, t.template, t.body(o, priority, true), true)
	var e *refused
	if errors.As(err, &e) && e.status == http.StatusBadRequest && strings.Contains(e.reason, "lifecycle") {
		o.logger.Warn("the server knows no data stream lifecycle: it will not delete old documents", "streams", t.pattern)
		err = o.putBody(ctx, t.template, t.body(o, priority, false), true)
	}
	if errors.As(err, &e) && e.status == http.StatusBadRequest && strings.Contains(e.reason, "already exists") {
		return nil // another agent was faster
	}
	return err
}

func (o *Output) putBody(ctx context.Context, name string, template any, create bool) error {
	text, err := json.Marshal(template)
	if err != nil {
		return fmt.Errorf("write index template %s: %w", name, err)
	}
	answer, _, err := o.call(ctx, esapi.IndicesPutIndexTemplateRequest{Name: name, Body: bytes.NewReader(text), Create: &create})
	if err != nil {
		return o.wrapCall("put index template "+name, answer, err)
	}
	return nil
}

// wrapCall is the error of a call that was refused or went wrong.
func (o *Output) wrapCall(what string, answer *esapi.Response, err error) error {
	var e *refused
	if answer != nil && errors.As(err, &e) {
		err = o.callError(answer, e)
	}
	return fmt.Errorf("%s: %w", what, err)
}
