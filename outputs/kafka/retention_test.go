package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/outputs"
)

const day = 24 * time.Hour

// planned is a plan as text, without the warning that Kafka is no archive.
func planned(t *testing.T, o *Output) ([]outputs.RetentionChange, string) {
	t.Helper()
	plan, err := o.PlanRetention(t.Context())
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	var lines []string
	var changes []outputs.RetentionChange
	for _, c := range plan {
		if c.Kind != kindTopic {
			continue
		}
		changes = append(changes, c)
		lines = append(lines, fmt.Sprintf("%v %s %s %v -> %v %s", c.Action, c.Class, c.Name, c.Have, c.Want, c.Warning))
	}
	return changes, strings.Join(lines, "\n")
}

func TestRetentionPlan(t *testing.T) {
	f := newFake(t)
	f.create("logs-debug", map[string]string{"retention.ms": "604800000"})                                    // 7 days, want 3
	f.create("logs-standard", map[string]string{"retention.ms": "86400000", "retention.bytes": "1073741824"}) // 1 day, want 30
	o := f.start(nil)
	changes, got := planned(t, o)
	want := `create audit logs-audit 0s -> 9600h0m0s 
shorten debug logs-debug 168h0m0s -> 72h0m0s 
extend standard logs-standard 24h0m0s -> 720h0m0s each partition is also cut at 1073741824 bytes (retention.bytes)`
	if got != want {
		t.Fatalf("plan:\n%s\nwant\n%s", got, want)
	}
	if err := o.ApplyRetention(t.Context(), changes[:2]); err == nil || !strings.Contains(err.Error(), "--shorten debug") {
		t.Errorf("apply without a yes: got %v, want a refusal", err)
	}
	if got, _ := f.setting("logs-debug", "retention.ms"); got != "604800000" {
		t.Errorf("logs-debug: got %s, want it as it was", got)
	}
	_, left := planned(t, o) // logs-audit was made
	if !strings.Contains(left, "keep audit logs-audit") {
		t.Errorf("plan:\n%s\nwant logs-audit made", left)
	}
	changes[1].Confirmed = true
	if err := o.ApplyRetention(t.Context(), changes[1:]); err != nil {
		t.Fatalf("apply: %v", err)
	}
	want = `keep audit logs-audit 9600h0m0s -> 9600h0m0s 
keep debug logs-debug 72h0m0s -> 72h0m0s 
warn standard logs-standard 720h0m0s -> 720h0m0s each partition is also cut at 1073741824 bytes (retention.bytes)`
	if _, got := planned(t, o); got != want {
		t.Errorf("plan after it:\n%s\nwant\n%s", got, want)
	}
	if err := o.ApplyRetention(t.Context(), changes[1:]); err == nil || !strings.Contains(err.Error(), "plan again") {
		t.Errorf("apply an old plan: got %v, want a refusal", err)
	}
}

// A topic whose retention is the brokers' default was made by somebody else.
func TestForeignTopicsAreNotChanged(t *testing.T) {
	f := newFake(t)
	f.create("logs-standard", nil)
	changes, got := planned(t, f.start(nil))
	if !strings.Contains(got, "warn standard logs-standard 168h0m0s -> 720h0m0s it has the brokers' default") {
		t.Errorf("plan:\n%s", got)
	}
	if err := f.start(nil).ApplyRetention(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	if _, own := f.setting("logs-standard", "retention.ms"); own {
		t.Error("logs-standard was changed")
	}
	if _, got := planned(t, f.start(func(c *Config) { c.AdoptTopics = true })); !strings.HasSuffix(got, "\nextend standard logs-standard 168h0m0s -> 720h0m0s ") {
		t.Errorf("plan with adopt_topics:\n%s", got)
	}
}

func TestRetentionOfTopicsByField(t *testing.T) {
	f := newFake(t)
	for _, name := range []string{"logs-web-audit", "logs-a-b-audit", "other-web-audit", "logs-web-debug", "logs-WEB-audit"} {
		f.create(name, map[string]string{"retention.ms": fmt.Sprint((5 * day).Milliseconds())})
	}
	_, got := planned(t, f.start(func(c *Config) { c.Topic = template(t, "logs-${service.name}-${retention.class}") }))
	if want := "extend audit logs-web-audit 120h0m0s -> 9600h0m0s \nshorten debug logs-web-debug 120h0m0s -> 72h0m0s "; got != want {
		t.Errorf("plan:\n%s\nwant\n%s", got, want)
	}
}

func TestCompactedTopicIsShown(t *testing.T) {
	f := newFake(t)
	f.create("logs-audit", map[string]string{"cleanup.policy": "compact"})
	if _, got := planned(t, f.start(nil)); !strings.Contains(got, "warn audit logs-audit") || !strings.Contains(got, "compacted") {
		t.Errorf("plan:\n%s", got)
	}
}

func TestKafkaIsNoArchive(t *testing.T) {
	f := newFake(t)
	plan, err := f.start(nil).PlanRetention(t.Context())
	if err != nil || len(plan) == 0 || plan[0].Action != outputs.WarnRetention || plan[0].Class != "audit" || !strings.Contains(plan[0].Warning, "archive") {
		t.Errorf("plan: got %+v, %v, want a warning of class audit", plan, err)
	}
}

func TestRetentionValues(t *testing.T) {
	for text, want := range map[string]time.Duration{"-1": 0, "86400000": day, "9223372036854775807": 0} {
		if got, err := parseRetention(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	if got := retentionValue(0); got != "-1" {
		t.Errorf("for ever: got %s, want -1", got)
	}
}
