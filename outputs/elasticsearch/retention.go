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
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/renthub/sluice/outputs"
)

const (
	kindTemplate = "index template"
	kindStream   = "data stream"
)

// serverStream is what is read of a data stream.
type serverStream struct {
	Name      string           `json:"name"`
	Template  string           `json:"template"`
	Policy    string           `json:"ilm_policy"`
	ManagedBy string           `json:"next_generation_managed_by"`
	Lifecycle *serverLifecycle `json:"lifecycle"`
}

// PlanRetention implements outputs.Retainer. A class has a template, which
// says how long streams made later keep, and its streams, which each have a
// lifecycle of their own from the day they were made.
func (o *Output) PlanRetention(ctx context.Context) ([]outputs.RetentionChange, error) {
	if err := o.checkProduct(ctx); err != nil {
		return nil, fmt.Errorf("check the server: %w", err)
	}
	there, err := o.listTemplates(ctx)
	if err != nil {
		return nil, err
	}
	var plan []outputs.RetentionChange
	for _, t := range o.targets() {
		if o.usesILM() {
			policy, err := o.planPolicy(ctx, t)
			if err != nil {
				return nil, err
			}
			plan = append(append(plan, policy...), planPolicyTemplate(t, there)...)
		} else {
			plan = append(plan, planTemplate(t, there)...)
		}
		if o.config.Index != nil {
			continue // an index names its policy by itself
		}
		streams, known, err := o.listStreams(ctx, t.pattern)
		if err != nil {
			return nil, err
		}
		if !known {
			plan = append(plan, outputs.RetentionChange{
				Action: outputs.WarnRetention, Class: t.class.Name, Kind: kindStream, Name: t.pattern, Want: t.class.Keep,
				Warning: "the server does not show its data streams: those that exist keep what they have",
			})
		}
		for _, s := range streams {
			if o.usesILM() {
				plan = append(plan, planPolicyStream(t, s)...)
			} else {
				plan = append(plan, planStream(t, s)...)
			}
		}
	}
	return plan, nil
}

func planTemplate(t target, there []serverTemplate) []outputs.RetentionChange {
	change := outputs.RetentionChange{Class: t.class.Name, Kind: kindTemplate, Name: t.template, Want: t.class.Keep}
	p := findPlace(t, there)
	if p.ours == nil {
		change.Action = outputs.CreateRetention
		if p.covering != nil {
			change.Warning = fmt.Sprintf("streams made later get it instead of template %s", p.covering.Name)
			if policy := p.covering.Body.Template.Settings.Index.Lifecycle.Name; policy != "" {
				change.Warning += fmt.Sprintf(" and its ILM policy %s", policy)
			}
		}
		return []outputs.RetentionChange{change}
	}
	return difference(change, p.ours.Body.Template.Lifecycle)
}

func planStream(t target, s serverStream) []outputs.RetentionChange {
	change := outputs.RetentionChange{Class: t.class.Name, Kind: kindStream, Name: s.Name, Want: t.class.Keep}
	if s.Policy != "" && s.ManagedBy == "Index Lifecycle Management" {
		change.Action = outputs.WarnRetention
		change.Warning = fmt.Sprintf("ILM policy %s says how long it keeps, not the lifecycle", s.Policy)
		return []outputs.RetentionChange{change}
	}
	if have, _ := s.Lifecycle.keep(); have == t.class.Keep && s.Lifecycle.isCapped() {
		change.Action, change.Have = outputs.WarnRetention, have
		if really, readable := parseRetention(s.Lifecycle.Effective); readable {
			change.Have = really
		}
		change.Warning = fmt.Sprintf("the cluster deletes after %s (%s)", s.Lifecycle.Effective, s.Lifecycle.DeterminedBy)
		return []outputs.RetentionChange{change}
	}
	return difference(change, s.Lifecycle)
}

// difference is change with its action.
func difference(change outputs.RetentionChange, l *serverLifecycle) []outputs.RetentionChange {
	have, readable := l.keep()
	if !readable {
		change.Action = outputs.WarnRetention
		change.Warning = fmt.Sprintf("its retention %q cannot be read", l.Retention)
		return []outputs.RetentionChange{change}
	}
	change.Have = have
	change.Action, _ = outputs.CompareRetention(have, change.Want)
	if l.isCapped() {
		change.Warning = fmt.Sprintf("the cluster deletes after %s (%s)", l.Effective, l.DeterminedBy)
	}
	return []outputs.RetentionChange{change}
}

// keep is how long a lifecycle keeps. None, or one that is switched off, keeps
// for ever.
func (l *serverLifecycle) keep() (keep time.Duration, readable bool) {
	if l == nil || l.Enabled != nil && !*l.Enabled {
		return 0, true
	}
	return parseRetention(l.Retention)
}

// isCapped reports whether a setting of the cluster overrides the lifecycle.
func (l *serverLifecycle) isCapped() bool {
	return l != nil && l.Effective != "" && l.Effective != l.Retention && strings.HasSuffix(l.DeterminedBy, "_global_retention")
}

// listStreams returns the streams of a pattern. known is false if the server
// has no such page.
func (o *Output) listStreams(ctx context.Context, pattern string) (list []serverStream, known bool, err error) {
	answer, body, err := o.call(ctx, esapi.IndicesGetDataStreamRequest{Name: []string{pattern}})
	var e *refused
	if errors.As(err, &e) {
		switch e.status {
		case http.StatusNotFound: // none there
			return nil, true, nil
		case http.StatusBadRequest, http.StatusMethodNotAllowed:
			return nil, false, nil
		}
	}
	var parsed struct {
		Streams []serverStream `json:"data_streams"`
	}
	if err == nil {
		err = json.Unmarshal(body, &parsed)
	}
	if err != nil {
		return nil, false, o.wrapCall("list data streams", answer, err)
	}
	return parsed.Streams, true, nil
}

// ApplyRetention implements outputs.Retainer.
func (o *Output) ApplyRetention(ctx context.Context, changes []outputs.RetentionChange) error {
	now, err := o.PlanRetention(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if !c.Action.Changes() {
			continue
		}
		if c.Action == outputs.ShortenRetention && !c.Confirmed {
			return fmt.Errorf("%s %s keeps for less than now: not without --shorten %s", c.Kind, c.Name, c.Class)
		}
		confirmed := c.Confirmed
		c.Confirmed = false
		if !slices.Contains(now, c) {
			return fmt.Errorf("%s %s has changed since the plan was made: plan again", c.Kind, c.Name)
		}
		c.Confirmed = confirmed
		if err := o.applyChange(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (o *Output) applyChange(ctx context.Context, c outputs.RetentionChange) error {
	switch {
	case c.Kind == kindPolicy:
		return o.setPolicy(ctx, c.Name, c.Want)
	case c.Kind == kindStream:
		return o.setStream(ctx, c.Name, c.Want)
	case c.Action == outputs.CreateRetention:
		return o.createTemplate(ctx, c.Name)
	}
	return o.setTemplate(ctx, c.Name, c.Want)
}

// createTemplate makes a target's template, above those that cover it: this is
// what the person who applies asked for.
func (o *Output) createTemplate(ctx context.Context, name string) error {
	there, err := o.listTemplates(ctx)
	if err != nil {
		return err
	}
	for _, t := range o.targets() {
		if t.template != name {
			continue
		}
		p := findPlace(t, there)
		at := max(p.priority, 0)
		if p.covering != nil {
			at = max(at, p.covering.Body.Priority+1)
		}
		return o.putTemplate(ctx, t, at)
	}
	return fmt.Errorf("no retention class has index template %s", name)
}

// setTemplate changes the retention of a template of ours and leaves the rest
// of it, which a person may have changed, as it is.
func (o *Output) setTemplate(ctx context.Context, name string, keep time.Duration) error {
	answer, body, err := o.call(ctx, esapi.IndicesGetIndexTemplateRequest{Name: name})
	var list struct {
		Templates []struct {
			Body map[string]any `json:"index_template"`
		} `json:"index_templates"`
	}
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		err = decoder.Decode(&list)
	}
	if err == nil && len(list.Templates) != 1 {
		err = errors.New("the server shows none, or several")
	}
	if err != nil {
		return o.wrapCall("read index template "+name, answer, err)
	}
	whole := list.Templates[0].Body
	inner, ok := whole["template"].(map[string]any)
	if !ok {
		inner = map[string]any{}
		whole["template"] = inner
	}
	inner["lifecycle"] = lifecycleBody(keep)
	for key := range whole {
		if strings.HasSuffix(key, "_date") || strings.HasSuffix(key, "_date_millis") {
			delete(whole, key) // newer servers show when it was made, and take no such key
		}
	}
	return o.putBody(ctx, name, whole, false)
}

func (o *Output) setStream(ctx context.Context, name string, keep time.Duration) error {
	text, err := json.Marshal(lifecycleBody(keep))
	if err != nil {
		return fmt.Errorf("write lifecycle of %s: %w", name, err)
	}
	answer, _, err := o.call(ctx, esapi.IndicesPutDataLifecycleRequest{Name: []string{name}, Body: bytes.NewReader(text)})
	if err != nil {
		return o.wrapCall("set lifecycle of data stream "+name, answer, err)
	}
	return nil
}
