package elasticsearch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

const datedIndex = `app-${service.name}-${retention.class}-${format_time("2006.01.02", timestamp)}`

// inScope compiles a template as the config does, where keywords have their
// meaning.
func inScope(t testing.TB, text string) *expr.Template {
	t.Helper()
	e, diags := hclsyntax.ParseTemplate([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	template, diags := expr.CompileTemplate(e, &expr.Scope{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return template
}

func TestPlainIndicesHaveDatesInTheirNames(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *essim.Options) { c.Index = inScope(t, datedIndex) })
	docs := outputtest.Docs(6)
	b.sim.Next(essim.Fault{CutAfter: true})
	if err := try(t, b, docs); kindOf(err) != "again" {
		t.Fatalf("answer lost: got %v, want an error", err)
	}
	if err := try(t, b, docs); err != nil {
		t.Fatalf("send: %v", err)
	}
	b.mu.Lock()
	var names []string
	for name := range b.streams {
		names = append(names, name)
	}
	b.mu.Unlock()
	slices.Sort(names)
	want := []string{
		"app-svc_0-audit-2026.11.24", "app-svc_0-debug-2026.11.24", "app-svc_0-standard-2026.11.24",
		"app-svc_1-audit-2026.11.24", "app-svc_1-debug-2026.11.24", "app-svc_1-standard-2026.11.24",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("indices (-want +got):\n%s", diff)
	}
	if got := b.sim.Counts(); got.Docs != 6 || got.Duplicates != 6 || got.Stray != 0 {
		t.Errorf("got %+v, want 6 documents once, in indices of our templates", got)
	}
	_, body := ask(b.sim, "GET", "/_index_template/sluice-app-audit", "")
	for _, part := range []string{`"app-*-audit-*"`, `"lifecycle":{"name":"sluice-app-audit"}`} {
		if !strings.Contains(body, part) || strings.Contains(body, "data_stream") {
			t.Errorf("template: got %s, want it to have %s and no data stream", body, part)
		}
	}
	_, body = ask(b.sim, "GET", "/_ilm/policy/sluice-app-audit", "")
	if !strings.Contains(body, `"min_age":"400d"`) || strings.Contains(body, "rollover") {
		t.Errorf("policy: got %s, want 400d and no rollover", body)
	}
}

func TestEachDayHasItsOwnCountOfIndices(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	d := outputs.Deps{Name: "test.main", Logger: discard, Now: func() time.Time { return now }, Classes: outputtest.Classes()}
	c := defaults()
	c.Endpoints, c.MaxStreams, c.Index = endpoints.At("127.0.0.1:1"), 3, inScope(t, `app-${service.name}-${format_time("2006.01.02", timestamp)}-${retention.class}`)
	opened, err := open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	o := opened.(*Output)
	indexOf := func(at time.Time, service string) string {
		d := event.Doc{JSON: fmt.Appendf(nil, `{"@timestamp":%q,"service.name":%q}`, at.Format(time.RFC3339), service), Retention: "audit"}
		line, _, err := o.Wrap(nil, &d)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(line), `"`)[5]
	}
	for day := range 30 {
		for _, service := range []string{"a", "b", "c"} {
			want := fmt.Sprintf("app-%s-%s-audit", service, now.Format("2006.01.02"))
			if got := indexOf(now, service); got != want {
				t.Fatalf("day %d: got %s, want %s", day, got, want)
			}
		}
		if got, want := indexOf(now, "d"), "app-generic-"+now.Format("2006.01.02")+"-audit"; got != want {
			t.Fatalf("day %d: one too many: got %s, want %s", day, got, want)
		}
		now = now.Add(24 * time.Hour)
	}
}

func TestPipelineAndRoutingAreSent(t *testing.T) {
	t.Run("a pipeline that is there", func(t *testing.T) {
		b := openBench(t, outputtest.Deps(t), func(c *Config, s *essim.Options) { c.Pipeline, s.Pipelines = "clean-up", []string{"clean-up"} })
		if err := try(t, b, outputtest.Docs(3)); err != nil {
			t.Errorf("send: %v", err)
		}
	})
	t.Run("a pipeline that is missing needs attention", func(t *testing.T) {
		b := openBench(t, outputtest.Deps(t), func(c *Config, _ *essim.Options) { c.Pipeline = "clean-up" })
		var partial *outputs.Partial
		if err := try(t, b, outputtest.Docs(3)); !errors.As(err, &partial) || partial.Failed[0].Answer != outputs.NeedConfig {
			t.Errorf("got %v, want NeedConfig", err)
		}
	})
	for name, change := range map[string]func(*Config){
		"with ids":                           func(*Config) {},
		"without ids":                        func(c *Config) { c.DocumentID = false },
		"to one stream, with ids":            func(c *Config) { c.DataStream = mustTemplate(t, "app-all") },
		"to one stream, without ids":         func(c *Config) { c.DataStream, c.DocumentID = mustTemplate(t, "app-all"), false },
		"of a field that documents have not": func(c *Config) { c.Routing = inScope(t, "${tenant.id}") },
		"to indices":                         func(c *Config) { c.Index = inScope(t, datedIndex) },
	} {
		t.Run("a routing "+name, func(t *testing.T) {
			d := outputtest.Deps(t)
			for i := range d.Classes {
				d.Classes[i].Keep = time.Hour
			}
			b := openBench(t, d, func(c *Config, _ *essim.Options) {
				c.Routing = inScope(t, "${message}")
				change(c)
			})
			if err := try(t, b, outputtest.Docs(6)); err != nil {
				t.Errorf("send: %v", err)
			}
		})
	}
}

func TestARoutingCannotBreakItsLine(t *testing.T) {
	o := openOffline(t, func(c *Config) { c.Routing = inScope(t, "t-${tenant}") })
	for value, want := range map[string]string{
		`a`:                           `"routing":"t-a"}}`,
		`a\"}}\n{\"index\":{}}`:       `"routing":"t-a_}}_{_index_:{}}"}}`,
		`a,b c`:                       `"routing":"t-a_b_c"}}`,
		strings.Repeat("x", 10_000):   `x"}}`,
		`\u0000\u001b[31m` + "\u00e9": `"routing":"t-__[31m__"}}`,
	} {
		d := event.Doc{JSON: []byte(`{"@timestamp":"2026-11-24T10:00:00Z","tenant":"` + value + `"}`), Retention: "audit"}
		got, at, err := o.Wrap(nil, &d)
		if err != nil || !strings.HasSuffix(strings.TrimSuffix(string(got[:at]), "\n"), want) || len(got[:at]) > 500 {
			t.Errorf("%.40q: got %.300q, %v, want it to end with %s", value, got[:at], err, want)
		}
	}
}

func TestILMPolicies(t *testing.T) {
	d := outputtest.Deps(t)
	b := openBench(t, d, func(c *Config, _ *essim.Options) { c.Lifecycle = lifecycleILM })
	if err := try(t, b, outputtest.Docs(6)); err != nil {
		t.Fatalf("send: %v", err)
	}
	_, body := ask(b.sim, "GET", "/_ilm/policy/sluice-logs-debug", "")
	for _, part := range []string{`"min_age":"3d"`, `"max_age":"1d"`, `"delete":{}`} {
		if !strings.Contains(body, part) {
			t.Errorf("policy: got %s, want it to have %s", body, part)
		}
	}
	if _, body := ask(b.sim, "GET", "/_index_template/sluice-logs-debug", ""); strings.Contains(body, "data_retention") || !strings.Contains(body, `"name":"sluice-logs-debug"`) {
		t.Errorf("template: got %s, want it to name the policy and no lifecycle", body)
	}
	if plan, err := b.PlanRetention(t.Context()); err != nil || len(plan) > 0 {
		t.Errorf("after bootstrap: got %+v, %v, want nothing to do", plan, err)
	}
}

func TestAPolicyThatIsThereStays(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *essim.Options) { c.Lifecycle = lifecycleILM })
	const theirs = `{"policy":{"phases":{"hot":{"actions":{"set_priority":{"priority":12345678901234567890}}},"delete":{"min_age":"90d","actions":{"delete":{}}}}}}`
	if status, text := ask(b.sim, "PUT", "/_ilm/policy/sluice-logs-debug", theirs); status != 200 {
		t.Fatal(text)
	}
	if err := try(t, b, outputtest.Docs(6)); err != nil {
		t.Fatalf("send: %v", err)
	}
	plan, err := b.PlanRetention(t.Context())
	want := []outputs.RetentionChange{{Action: outputs.ShortenRetention, Class: "debug", Kind: kindPolicy, Name: "sluice-logs-debug", Have: 90 * day, Want: 3 * day}}
	if diff := cmp.Diff(want, plan); err != nil || diff != "" {
		t.Fatalf("plan: %v (-want +got):\n%s", err, diff)
	}
	if err := b.ApplyRetention(t.Context(), plan); err == nil || !strings.Contains(err.Error(), "--shorten debug") {
		t.Errorf("apply: got %v, want a refusal", err)
	}
	plan[0].Confirmed = true
	if err := b.ApplyRetention(t.Context(), plan); err != nil {
		t.Fatalf("apply: %v", err)
	}
	_, body := ask(b.sim, "GET", "/_ilm/policy/sluice-logs-debug", "")
	if !strings.Contains(body, `"min_age":"3d"`) || !strings.Contains(body, "12345678901234567890") {
		t.Errorf("policy after apply: got %s, want 3d and what was there", body)
	}
}

func TestPoliciesThatAreMissingAreMadeByApply(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *essim.Options) { c.Lifecycle, c.Bootstrap = lifecycleILM, bootstrapNever })
	plan, err := b.PlanRetention(t.Context())
	if err != nil || len(plan) != 6 {
		t.Fatalf("got %+v, %v, want a policy and a template for each class", plan, err)
	}
	if err := b.ApplyRetention(t.Context(), plan); err != nil {
		t.Fatalf("apply: %v", err)
	}
	if left, err := b.PlanRetention(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("after apply: got %+v, %v, want nothing left", left, err)
	}
	if err := try(t, b, outputtest.Docs(6)); err != nil {
		t.Errorf("send: %v", err)
	}
}

func TestStreamsOfOtherPoliciesAreShown(t *testing.T) {
	class := target{class: outputs.Class{Name: "audit", Keep: 400 * day}, pattern: "logs-*-audit", template: "sluice-logs-audit"}
	for name, tt := range map[string]struct {
		stream serverStream
		want   string
	}{
		"ours":            {serverStream{Name: "s", Policy: "sluice-logs-audit", ManagedBy: "Index Lifecycle Management"}, ""},
		"another's":       {serverStream{Name: "s", Policy: "p", ManagedBy: "Index Lifecycle Management"}, "ILM policy p"},
		"its lifecycle's": {serverStream{Name: "s", ManagedBy: "Data stream lifecycle", Lifecycle: &serverLifecycle{Retention: "7d"}}, "its lifecycle"},
	} {
		got := planPolicyStream(class, tt.stream)
		if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || got[0].Action != outputs.WarnRetention || !strings.Contains(got[0].Warning, tt.want)) {
			t.Errorf("%s: got %+v, want a warning with %q", name, got, tt.want)
		}
	}
}

func TestCloudIDs(t *testing.T) {
	tests := []struct{ id, want string }{
		{"name:dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyRhYmMkZGVm", "https://abc.us-east-1.aws.found.io:443"},
		{"dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyRhYmMkZGVm", "https://abc.us-east-1.aws.found.io:443"},
		{"a:b:aG9zdDo5MjQzJGVzJGtpYmFuYQ==", "https://es.host:9243"}, // host:9243$es$kibana
		{"a:aG9zdDo5MjQzJGVzOjkyNDQka2liYW5h", "https://es.host:9244"},
		{"a:aG9zdA==", ""},
		{"a:JGVz", ""},
		{"a:???", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, err := parseCloudID(tt.id)
		if (err != nil) != (tt.want == "") || got != tt.want && err == nil {
			t.Errorf("%q: got %q, %v, want %q", tt.id, got, err, tt.want)
		}
	}
	c := defaults()
	c.CloudID = tests[0].id
	o, err := open(c, outputtest.Deps(t))
	if err != nil || o.(*Output).group.Status()[0].Name != "abc.us-east-1.aws.found.io:443" {
		t.Errorf("open: got %v, want the deployment's endpoint", err)
	}
}

func TestSettingsThatDoNotGoTogether(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"cloud_id: There are endpoints too": func(c *Config) { c.CloudID = "name:dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyRhYmMkZGVm" },
		"index: There is a data_stream too": func(c *Config) { c.Index, c.DataStream = expr.Literal("a"), expr.Literal("b") },
		"lifecycle: It can be":              func(c *Config) { c.Lifecycle = "ism" },
		"lifecycle: Plain indices":          func(c *Config) { c.Index, c.Lifecycle = expr.Literal("a"), lifecycleDSL },
		"lifecycle: Index lifecycle":        func(c *Config) { c.Product, c.Lifecycle = productAny, lifecycleILM },
		"schema: It can be":                 func(c *Config) { c.Schema = "otel" },
		"pipeline: It holds":                func(c *Config) { c.Pipeline = "a b" },
		"aws: There is an api_key":          func(c *Config) { c.AWS, c.APIKey = &AWS{}, config.NewSecret("k") },
		"index needs ${retention.class}":    func(c *Config) { c.Index = inScope(t, `a-${format_time("2006.01.02", timestamp)}`) },
		"index must begin with text":        func(c *Config) { c.Index = inScope(t, "${service.name}-${retention.class}") },
	} {
		c := defaults()
		c.Endpoints = endpoints.At("localhost:9200")
		change(&c)
		if _, err := open(c, outputtest.Deps(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
