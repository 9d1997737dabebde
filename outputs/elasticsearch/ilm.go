package elasticsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/renthub/sluice/outputs"
)

// kindPolicy is what retention plans call a policy of index lifecycle
// management.
const kindPolicy = "ILM policy"

// usesILM reports whether policies of index lifecycle management say how long
// is kept, and not the data streams' own lifecycles.
func (o *Output) usesILM() bool { return o.config.Lifecycle == lifecycleILM }

// policy is the name of a target's policy.
func (t target) policy() string { return t.template }

// policyBody is a target's policy. Data streams roll over often enough that
// what is deleted is not much older than it must be: a backing index goes as a
// whole, counted from its rollover. An index with a date in its name is
// counted from when it was made.
func (o *Output) policyBody(t target) map[string]any {
	hot := map[string]any{}
	if o.config.Index == nil {
		hot["rollover"] = map[string]any{"max_age": formatRetention(rolloverAge(t.class.Keep)), "max_primary_shard_size": "50gb"}
	}
	phases := map[string]any{"hot": map[string]any{"min_age": "0ms", "actions": hot}}
	if t.class.Keep > 0 {
		phases["delete"] = deletePhase(t.class.Keep)
	}
	return map[string]any{"policy": map[string]any{
		"phases": phases,
		"_meta":  map[string]any{"managed_by": "sluice", "retention_class": t.class.Name},
	}}
}

func deletePhase(keep time.Duration) map[string]any {
	return map[string]any{"min_age": formatRetention(keep), "actions": map[string]any{"delete": map[string]any{}}}
}

// rolloverAge is after which time a stream begins a new backing index: what
// data stream lifecycles take by themselves.
func rolloverAge(keep time.Duration) time.Duration {
	const day = 24 * time.Hour
	switch {
	case keep == 0 || keep > 90*day:
		return 30 * day
	case keep > 14*day:
		return 7 * day
	case keep > day:
		return day
	}
	return time.Hour
}

// serverPolicy is what is read of a policy. All of it is kept, to be written
// back.
type serverPolicy map[string]any

// keep is how long a policy keeps.
func (p serverPolicy) keep() (keep time.Duration, text string, readable bool) {
	phases, _ := p["phases"].(map[string]any)
	remove, ok := phases["delete"].(map[string]any)
	if !ok {
		return 0, "", true
	}
	if text, ok = remove["min_age"].(string); !ok {
		return 0, "", false
	}
	keep, readable = parseRetention(text)
	return keep, text, readable && text != "" && text != "-1"
}

// getPolicy returns a policy, or nil if there is none.
func (o *Output) getPolicy(ctx context.Context, name string) (serverPolicy, error) {
	answer, body, err := o.call(ctx, esapi.ILMGetLifecycleRequest{Policy: name})
	var e *refused
	if errors.As(err, &e) && e.status == http.StatusNotFound {
		return nil, nil
	}
	var list map[string]struct {
		Policy serverPolicy `json:"policy"`
	}
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		err = decoder.Decode(&list)
	}
	if err == nil && list[name].Policy == nil {
		err = errors.New("the server shows another")
	}
	if err != nil {
		return nil, o.wrapCall("read ILM policy "+name, answer, err)
	}
	return list[name].Policy, nil
}

func (o *Output) putPolicy(ctx context.Context, name string, body map[string]any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write ILM policy %s: %w", name, err)
	}
	answer, _, err := o.call(ctx, esapi.ILMPutLifecycleRequest{Policy: name, Body: bytes.NewReader(text)})
	if err != nil {
		return o.wrapCall("put ILM policy "+name, answer, err)
	}
	return nil
}

// bootstrapPolicy puts a target's policy if there is none.
func (o *Output) bootstrapPolicy(ctx context.Context, t target) error {
	there, err := o.getPolicy(ctx, t.policy())
	if err != nil || there != nil {
		return err
	}
	if err := o.putPolicy(ctx, t.policy(), o.policyBody(t)); err != nil {
		return err
	}
	o.logger.Info("made ILM policy", "output", o.name, "policy", t.policy(), "keep", formatRetention(t.class.Keep))
	return nil
}

// planPolicy compares a target's policy with its class.
func (o *Output) planPolicy(ctx context.Context, t target) ([]outputs.RetentionChange, error) {
	change := outputs.RetentionChange{Class: t.class.Name, Kind: kindPolicy, Name: t.policy(), Want: t.class.Keep}
	there, err := o.getPolicy(ctx, t.policy())
	if err != nil {
		return nil, err
	}
	if there == nil {
		change.Action = outputs.CreateRetention
		return []outputs.RetentionChange{change}, nil
	}
	have, text, readable := there.keep()
	if !readable {
		change.Action, change.Warning = outputs.WarnRetention, fmt.Sprintf("its delete phase after %q cannot be read", text)
		return []outputs.RetentionChange{change}, nil
	}
	change.Have = have
	action, differs := outputs.CompareRetention(have, change.Want)
	if !differs {
		return nil, nil
	}
	change.Action = action
	return []outputs.RetentionChange{change}, nil
}

// planPolicyTemplate compares a target's template with the policy that it is
// to name.
func planPolicyTemplate(t target, there []serverTemplate) []outputs.RetentionChange {
	p := findPlace(t, there)
	if p.ours == nil {
		return planTemplate(t, there)
	}
	if named := p.ours.Body.Template.Settings.Index.Lifecycle.Name; named != t.policy() {
		return []outputs.RetentionChange{{
			Action: outputs.WarnRetention, Class: t.class.Name, Kind: kindTemplate, Name: t.template, Want: t.class.Keep,
			Warning: fmt.Sprintf("it names ILM policy %q and not %s: what is made by it keeps what that one says", named, t.policy()),
		}}
	}
	return nil
}

// planPolicyStream compares a stream's policy with its target's.
func planPolicyStream(t target, s serverStream) []outputs.RetentionChange {
	if s.Policy == t.policy() && s.ManagedBy == "Index Lifecycle Management" {
		return nil
	}
	change := outputs.RetentionChange{
		Action: outputs.WarnRetention, Class: t.class.Name, Kind: kindStream, Name: s.Name, Want: t.class.Keep,
		Warning: fmt.Sprintf("its lifecycle says how long it keeps, not ILM policy %s", t.policy()),
	}
	if s.Policy != "" {
		change.Warning = fmt.Sprintf("ILM policy %s says how long it keeps, not %s", s.Policy, t.policy())
	}
	return []outputs.RetentionChange{change}
}

// setPolicy changes how long a policy of ours keeps, or makes it. The rest of
// it, which a person may have changed, stays.
func (o *Output) setPolicy(ctx context.Context, name string, keep time.Duration) error {
	there, err := o.getPolicy(ctx, name)
	if err != nil {
		return err
	}
	if there == nil {
		for _, t := range o.targets() {
			if t.policy() == name {
				return o.putPolicy(ctx, name, o.policyBody(t))
			}
		}
		return fmt.Errorf("no retention class has ILM policy %s", name)
	}
	phases, ok := there["phases"].(map[string]any)
	if !ok {
		return fmt.Errorf("read ILM policy %s: it has no phases", name)
	}
	remove, ok := phases["delete"].(map[string]any)
	switch {
	case keep == 0:
		delete(phases, "delete")
	case ok:
		remove["min_age"] = formatRetention(keep)
	default:
		phases["delete"] = deletePhase(keep)
	}
	return o.putPolicy(ctx, name, map[string]any{"policy": there})
}
