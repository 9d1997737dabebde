//go:build integration

package elasticsearch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/elasticsearch"
	"github.com/renthub/sluice/outputs/outputtest"
)

func compiled(t *testing.T, text string) *expr.Template {
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

// sendsTwice sends documents twice and wants each stored once.
func sendsTwice(t *testing.T, n *realserver.Node, pattern string, change func(*elasticsearch.Config)) outputs.Output {
	t.Helper()
	o := openOutput(t, n, nil, change)
	for range 2 {
		if err := send(t, o, outputtest.Docs(60)); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	if got := n.Count(t, pattern); got != 60 {
		t.Errorf("%s: got %d documents, want 60", pattern, got)
	}
	return o
}

func usesPlainIndices(t *testing.T, n *realserver.Node) {
	o := sendsTwice(t, n, "plain-*", func(c *elasticsearch.Config) {
		c.Index = compiled(t, `plain-${service.name}-${retention.class}-${format_time("2006.01.02", timestamp)}`)
	})
	if got := n.Count(t, "plain-svc_0-audit-2026.11.24"); got != 10 {
		t.Errorf("got %d documents in the index of a day, want 10", got)
	}
	var policies map[string]any
	n.Ask(t, "GET", "/_ilm/policy/sluice-plain-audit", "", &policies)
	if text := fmt.Sprint(policies); !strings.Contains(text, "400d") {
		t.Errorf("policy: got %s, want 400d", text)
	}
	if plan, err := o.(outputs.Retainer).PlanRetention(t.Context()); err != nil || len(plan) > 0 {
		t.Errorf("plan: got %+v, %v, want nothing to do", plan, err)
	}
}

func usesPolicies(t *testing.T, n *realserver.Node) {
	o := sendsTwice(t, n, "ilm-*", func(c *elasticsearch.Config) { c.Prefix, c.Lifecycle = "ilm", "ilm" })
	var settings map[string]any
	n.Ask(t, "GET", "/ilm-svc_0-audit/_settings?flat_settings=true", "", &settings)
	if text := fmt.Sprint(settings); !strings.Contains(text, "index.lifecycle.name:sluice-ilm-audit") {
		t.Errorf("settings: got %s, want the policy's name", text)
	}
	// The server under test shows no data streams: that is all of the plan.
	plan, err := o.(outputs.Retainer).PlanRetention(t.Context())
	for _, c := range plan {
		if err != nil || c.Action != outputs.WarnRetention || !strings.Contains(c.Warning, "does not show its data streams") {
			t.Errorf("plan: got %+v, %v", c, err)
		}
	}
}

func usesRouting(t *testing.T, n *realserver.Node) {
	sendsTwice(t, n, "routed-*", func(c *elasticsearch.Config) { c.Prefix, c.Routing = "routed", compiled(t, "${service.name}") })
}

func needsPipeline(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix, c.Pipeline = "piped", "missing" })
	if err := send(t, o, outputtest.Docs(3)); err == nil {
		t.Error("a pipeline that is missing: got no error")
	} else {
		t.Logf("a pipeline that is missing: %v", err)
	}
	n.Ask(t, "PUT", "/_ingest/pipeline/missing", `{"processors":[]}`, nil)
	sendsTwice(t, n, "piped-*", func(c *elasticsearch.Config) { c.Prefix, c.Pipeline = "piped", "missing" })
}

func isChecked(t *testing.T, n *realserver.Node) {
	for _, f := range openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "checked" }).(outputs.Checker).Check(t.Context()) {
		t.Logf("%s %s: %s %s", f.Status, f.Step, f.Detail, f.Hint)
		if f.Status == outputs.CheckFailed {
			t.Errorf("%s: %s", f.Step, f.Detail)
		}
	}
	if got := n.Count(t, "checked-*"); got != 0 {
		t.Errorf("the check stored %d documents", got)
	}
}
