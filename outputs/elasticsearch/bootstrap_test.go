package elasticsearch

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// ask sends a request to a simulated server without a network.
func ask(sim *essim.Server, method, path, body string) (int, string) {
	w := httptest.NewRecorder()
	sim.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestPatterns(t *testing.T) {
	tests := []struct {
		a, b             string
		covers, overlaps bool
	}{
		{"logs-*-*", "logs-*-audit", true, true},
		{"logs-*-audit", "logs-*-audit", true, true},
		{"logs-*-audit", "logs-*-*", false, true},
		{"*", "logs-*-audit", true, true},
		{"logs*", "logs-*-audit", true, true},
		{"logs-nginx-*", "logs-*-audit", false, true},
		{"logs-nginx-audit", "logs-*-audit", false, true},
		{"*-audit", "logs-*-audit", true, true},
		{"metrics-*-*", "logs-*-audit", false, false},
		{"logs-*-debug", "logs-*-audit", false, false},
		{"logs-audit", "logs-*-audit", false, false},
		{"*-debug-audit", "logs-*-audit", false, true},
		{"app-all", "app-all", true, true},
		{"app-*", "app-all", true, true},
		{"", "logs-*-audit", false, false},
		{"**", "logs-*-audit", true, true},
		{"l*s-*-a*t", "logs-*-audit", true, true},
	}
	for _, tt := range tests {
		if got := covers(tt.a, tt.b); got != tt.covers {
			t.Errorf("%q covers %q: got %v, want %v", tt.a, tt.b, got, tt.covers)
		}
		if got := overlaps(tt.a, tt.b); got != tt.overlaps {
			t.Errorf("%q overlaps %q: got %v, want %v", tt.a, tt.b, got, tt.overlaps)
		}
		if overlaps(tt.a, tt.b) != overlaps(tt.b, tt.a) {
			t.Errorf("%q and %q overlap one way", tt.a, tt.b)
		}
	}
}

func FuzzOverlaps(f *testing.F) {
	f.Add("a*b", "ab", "aXb")
	f.Fuzz(func(t *testing.T, a, b, name string) {
		if len(a)+len(b) > 200 {
			return
		}
		if patternMatches(a, name) && patternMatches(b, name) && !overlaps(a, b) {
			t.Errorf("%q matches both %q and %q, which do not overlap", name, a, b)
		}
	})
}

func TestRetentionTimes(t *testing.T) {
	tests := []struct {
		keep time.Duration
		want string
	}{
		{400 * 24 * time.Hour, "400d"}, {36 * time.Hour, "36h"}, {90 * time.Minute, "90m"}, {time.Second, "1s"}, {1500 * time.Millisecond, "1500ms"},
	}
	for _, tt := range tests {
		if got := formatRetention(tt.keep); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.keep, got, tt.want)
		}
		if got, ok := parseRetention(tt.want); !ok || got != tt.keep {
			t.Errorf("%s: got %v, %v, want %v", tt.want, got, ok, tt.keep)
		}
	}
	for text, want := range map[string]bool{"": true, "-1": true, "1y": false, "d": false, "5": false, "-5d": false, "99999999999d": false, "1.5d": false} {
		if _, ok := parseRetention(text); ok != want {
			t.Errorf("%q: got readable %v, want %v", text, ok, want)
		}
	}
}

func TestMissingTemplatesAreMade(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	if err := try(t, b, outputtest.Docs(6)); err != nil {
		t.Fatalf("send: %v", err)
	}
	_, body := ask(b.sim, "GET", "/_index_template/sluice-logs-audit", "")
	for _, want := range []string{`"logs-*-audit"`, `"data_retention":"400d"`, `"data_stream":{}`, `"priority":500`} {
		if !strings.Contains(body, want) {
			t.Errorf("template: got %s, want it to have %s", body, want)
		}
	}
}

func TestTemplatesThatAreThereStay(t *testing.T) {
	tests := []struct {
		name, there string
		class       string
		want        string // of the class's own template: a priority, or "none"
	}{
		{"one that covers all", `{"index_patterns":["logs-*-*"],"priority":100,"data_stream":{}}`, "audit", "none"},
		{"one that covers a class", `{"index_patterns":["x","logs-*-debug"],"priority":100,"data_stream":{}}`, "debug", "none"},
		{"one that covers another class", `{"index_patterns":["logs-*-debug"],"priority":100,"data_stream":{}}`, "audit", `"priority":500`},
		{"one that covers a service", `{"index_patterns":["logs-svc_0-*"],"priority":150,"data_stream":{}}`, "audit", `"priority":149`},
		{"one that covers a service, above ours", `{"index_patterns":["logs-svc_0-*"],"priority":900,"data_stream":{}}`, "audit", `"priority":500`},
		{"one of ours that a person changed", `{"index_patterns":["logs-*-audit"],"priority":7,"data_stream":{}}`, "audit", `"priority":7`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), nil)
			name := "theirs"
			if strings.HasPrefix(tt.name, "one of ours") {
				name = "sluice-logs-audit"
			}
			if status, body := ask(b.sim, "PUT", "/_index_template/"+name, tt.there); status != 200 {
				t.Fatal(body)
			}
			if err := try(t, b, outputtest.Docs(6)); err != nil {
				t.Fatalf("send: %v", err)
			}
			if _, body := ask(b.sim, "GET", "/_index_template/"+name, ""); !strings.Contains(body, tt.there) {
				t.Errorf("their template is now %s", body)
			}
			status, body := ask(b.sim, "GET", "/_index_template/sluice-logs-"+tt.class, "")
			if tt.want == "none" && status != 404 || tt.want != "none" && !strings.Contains(body, tt.want) {
				t.Errorf("our template: got %s, want %s", body, tt.want)
			}
		})
	}
}

func TestBootstrapNeverMakesNothing(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *essim.Options) { c.Bootstrap = bootstrapNever })
	err := try(t, b, outputtest.Docs(3))
	var partial *outputs.Partial
	if !errors.As(err, &partial) || partial.Failed[0].Answer != outputs.NeedConfig {
		t.Errorf("send: got %v, want NeedConfig", err)
	}
	if got := b.sim.Counts(); got.Docs != 0 || got.Stray != 0 {
		t.Errorf("got %+v, want nothing stored and no stray index", got)
	}
}

func TestATemplateThatVanishesIsMadeAgain(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	docs := outputtest.Docs(6)
	if err := try(t, b, docs[:3]); err != nil {
		t.Fatalf("send: %v", err)
	}
	b.sim.RemoveTemplate("sluice-logs-audit")
	if err := try(t, b, docs[3:]); kindOf(err) != "partial" {
		t.Fatalf("without its template: got %v, want Partial", err)
	}
	if err := try(t, b, docs[3:]); err != nil {
		t.Errorf("the next try: %v", err)
	}
}

// The agents of all nodes start together.
func TestManyAgentsBootstrapAtOnce(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	var wg sync.WaitGroup
	for k := range 8 {
		o := openOffline(t, func(c *Config) { c.Endpoints = endpoints.At(b.config.Endpoints[0].URL) })
		t.Cleanup(func() { _ = o.Close() })
		wg.Go(func() {
			if err := try(t, o, outputtest.DocsFrom(k*6, 6)); err != nil {
				t.Errorf("agent %d: %v", k, err)
			}
		})
	}
	wg.Wait()
	if got := b.sim.Counts().Docs; got != 48 {
		t.Errorf("got %d documents, want 48", got)
	}
}

func TestATemplateThatAnotherAgentMadeMeanwhileIsNoError(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	if err := try(t, b, outputtest.Docs(3)); err != nil { // the other agent
		t.Fatalf("send: %v", err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/_index_template" { // as it was a moment ago
			_, _ = io.WriteString(w, `{"index_templates":[]}`)
			return
		}
		b.sim.ServeHTTP(w, r)
	}))
	defer server.Close()
	o := openOffline(t, func(c *Config) { c.Endpoints = endpoints.At(server.URL) })
	t.Cleanup(func() { _ = o.Close() })
	if err := try(t, o, outputtest.DocsFrom(3, 3)); err != nil {
		t.Errorf("send: %v", err)
	}
}

func TestAServerWithoutLifecyclesGetsTemplatesWithout(t *testing.T) {
	sim := essim.New(essim.Options{Any: true})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			var body struct {
				Template map[string]json.RawMessage `json:"template"`
			}
			text := new(strings.Builder)
			if err := json.NewDecoder(io.TeeReader(r.Body, text)).Decode(&body); err != nil || body.Template["lifecycle"] != nil {
				w.WriteHeader(400)
				_, _ = w.Write([]byte(`{"error":{"type":"x_content_parse_exception","reason":"[template] unknown field [lifecycle]"},"status":400}`))
				return
			}
			r.Body = http.NoBody
			status, answer := ask(sim, r.Method, r.URL.Path, text.String())
			w.WriteHeader(status)
			_, _ = w.Write([]byte(answer))
			return
		}
		sim.ServeHTTP(w, r)
	}))
	defer server.Close()
	o := openOffline(t, func(c *Config) { c.Endpoints, c.Product = endpoints.At(server.URL), productAny })
	t.Cleanup(func() { _ = o.Close() })
	if err := try(t, o, outputtest.Docs(6)); err != nil {
		t.Fatalf("send: %v", err)
	}
	if got := sim.Counts(); got.Docs != 6 || got.Stray != 0 {
		t.Errorf("got %+v, want 6 documents in data streams", got)
	}
}

func TestRetentionPlanAndApply(t *testing.T) {
	d := outputtest.Deps(t)
	d.Classes = []outputs.Class{{Name: "audit"}, {Name: "debug", Keep: 3 * day}, {Name: "standard", Keep: 30 * day}, {Name: "new", Keep: 9 * day}}
	b := openBench(t, d, nil)
	for name, body := range map[string]string{
		"sluice-logs-audit":    `{"index_patterns":["logs-*-audit"],"priority":500,"data_stream":{},"template":{"lifecycle":{"data_retention":"7d"}}}`,
		"sluice-logs-debug":    `{"index_patterns":["logs-*-debug"],"priority":500,"data_stream":{},"_meta":{"x":12345678901234567890},"template":{"lifecycle":{"data_retention":"90d"}}}`,
		"sluice-logs-standard": `{"index_patterns":["logs-*-standard"],"priority":500,"data_stream":{},"template":{"lifecycle":{"data_retention":"30d"}}}`,
	} {
		if status, text := ask(b.sim, "PUT", "/_index_template/"+name, body); status != 200 {
			t.Fatal(text)
		}
	}
	if err := try(t, b, outputtest.Docs(6)); err != nil { // makes the streams
		t.Fatalf("send: %v", err)
	}
	b.sim.RemoveTemplate("sluice-logs-new") // bootstrap made it
	plan, err := b.PlanRetention(t.Context())
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	change := func(action outputs.RetentionAction, class, kind, name string, have, want time.Duration) outputs.RetentionChange {
		return outputs.RetentionChange{Action: action, Class: class, Kind: kind, Name: name, Have: have, Want: want}
	}
	want := []outputs.RetentionChange{
		change(outputs.ExtendRetention, "audit", kindTemplate, "sluice-logs-audit", 7*day, 0),
		change(outputs.ExtendRetention, "audit", kindStream, "logs-svc_0-audit", 7*day, 0),
		change(outputs.ExtendRetention, "audit", kindStream, "logs-svc_1-audit", 7*day, 0),
		change(outputs.ShortenRetention, "debug", kindTemplate, "sluice-logs-debug", 90*day, 3*day),
		change(outputs.ShortenRetention, "debug", kindStream, "logs-svc_0-debug", 90*day, 3*day),
		change(outputs.ShortenRetention, "debug", kindStream, "logs-svc_1-debug", 90*day, 3*day),
		change(outputs.KeepRetention, "standard", kindTemplate, "sluice-logs-standard", 30*day, 30*day),
		change(outputs.KeepRetention, "standard", kindStream, "logs-svc_0-standard", 30*day, 30*day),
		change(outputs.KeepRetention, "standard", kindStream, "logs-svc_1-standard", 30*day, 30*day),
		change(outputs.CreateRetention, "new", kindTemplate, "sluice-logs-new", 0, 9*day),
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Fatalf("plan (-want +got):\n%s", diff)
	}
	if err := b.ApplyRetention(t.Context(), plan[3:]); err == nil || !strings.Contains(err.Error(), "--shorten debug") {
		t.Errorf("apply what shortens: got %v, want a refusal that names --shorten debug", err)
	}
	if again, err := b.PlanRetention(t.Context()); err != nil || len(again) != len(plan) {
		t.Errorf("after a refusal: got %v, %v, want the same plan", again, err)
	}
	stale := plan[0]
	stale.Have = 8 * day
	if err := b.ApplyRetention(t.Context(), []outputs.RetentionChange{stale}); err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("apply a stale plan: got %v, want a refusal", err)
	}
	for i := range plan {
		plan[i].Confirmed = true
	}
	if err := b.ApplyRetention(t.Context(), plan); err != nil {
		t.Fatalf("apply: %v", err)
	}
	left, err := b.PlanRetention(t.Context())
	if err != nil || len(left) != len(plan) || slices.ContainsFunc(left, func(c outputs.RetentionChange) bool { return c.Action != outputs.KeepRetention }) {
		t.Errorf("after apply: got %v, %v, want nothing left", left, err)
	}
	if _, body := ask(b.sim, "GET", "/_index_template/sluice-logs-debug", ""); !strings.Contains(body, "12345678901234567890") || !strings.Contains(body, `"3d"`) {
		t.Errorf("template after apply: got %s, want 3d and what a person had added", body)
	}
}

func TestCompareRetention(t *testing.T) {
	tests := []struct {
		have, want time.Duration
		action     outputs.RetentionAction
		differs    bool
	}{
		{day, day, 0, false}, {0, 0, 0, false},
		{day, 0, outputs.ExtendRetention, true}, {day, 2 * day, outputs.ExtendRetention, true},
		{0, day, outputs.ShortenRetention, true}, {2 * day, day, outputs.ShortenRetention, true},
	}
	for _, tt := range tests {
		if action, differs := outputs.CompareRetention(tt.have, tt.want); differs != tt.differs || differs && action != tt.action {
			t.Errorf("from %v to %v: got %v, %v, want %v, %v", tt.have, tt.want, action, differs, tt.action, tt.differs)
		}
	}
}

func TestStreamsThatOthersRuleAreOnlyShown(t *testing.T) {
	class := target{class: outputs.Class{Name: "audit", Keep: 400 * day}, pattern: "logs-*-audit"}
	tests := []struct {
		name   string
		stream serverStream
		want   string
	}{
		{"ILM", serverStream{Name: "s", Policy: "p", ManagedBy: "Index Lifecycle Management"}, "ILM policy p"},
		{"a cap of the cluster", serverStream{Name: "s", Lifecycle: &serverLifecycle{Retention: "400d", Effective: "90d", DeterminedBy: "max_global_retention"}}, "the cluster deletes after 90d"},
		{"a retention that cannot be read", serverStream{Name: "s", Lifecycle: &serverLifecycle{Retention: "9 moons"}}, "cannot be read"},
	}
	for _, tt := range tests {
		got := planStream(class, tt.stream)
		if len(got) != 1 || got[0].Action != outputs.WarnRetention || !strings.Contains(got[0].Warning, tt.want) {
			t.Errorf("%s: got %+v, want a warning with %q", tt.name, got, tt.want)
		}
	}
}

const day = 24 * time.Hour
