//go:build integration

package elasticsearch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/elasticsearch"
	"github.com/renthub/sluice/outputs/outputtest"
)

// openOutput opens an output as the pipeline does.
func openOutput(t *testing.T, n *realserver.Node, logs *bytes.Buffer, change func(*elasticsearch.Config)) outputs.Output {
	t.Helper()
	c := elasticsearch.Type.Config().(*elasticsearch.Config)
	c.Endpoints = endpoints.At(n.URL)
	c.Timeout = config.Duration(20 * time.Second)
	if change != nil {
		change(c)
	}
	d := outputtest.Deps(t)
	if logs != nil {
		d.Logger = slog.New(slog.NewTextHandler(logs, nil))
	}
	o, err := elasticsearch.Type.Open(c, d)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return o
}

func send(t *testing.T, o outputs.Output, docs []event.Doc) error {
	t.Helper()
	r := outputtest.Request(t, o, docs)
	err := o.Send(t.Context(), r)
	outputtest.Poison(r)
	return err
}

// document is a document of the first service with more fields.
func document(k int, fields string) event.Doc {
	d := outputtest.DocsFrom(k, 1)[0]
	d.JSON = append(bytes.TrimSuffix(d.JSON, []byte("}")), (fields + "}")...)
	return d
}

func TestElasticsearch(t *testing.T) {
	n := realserver.Start(t, realserver.Elasticsearch, "ES_YML=http.max_content_length: 1mb")
	t.Run("documents go to the stream of their service and class, once", func(t *testing.T) { storesOnce(t, n) })
	t.Run("a template and a lifecycle are made for each class", func(t *testing.T) { bootstraps(t, n) })
	t.Run("a missing template makes no stray index", func(t *testing.T) { makesNoStray(t, n) })
	t.Run("templates that are there are not changed", func(t *testing.T) { changesNothing(t, n) })
	t.Run("a mapping conflict is poison and the rest is stored", func(t *testing.T) { conflicts(t, n) })
	t.Run("lines of many loggers fit one stream", func(t *testing.T) { fitsLabels(t, n) })
	t.Run("a request over the server's limit is too large", func(t *testing.T) { tooLarge(t, n) })
	t.Run("a full disk is waited for", func(t *testing.T) { waitsForDisk(t, n) })
	t.Run("retention is planned, extended and not shortened by itself", func(t *testing.T) { retains(t, n) })
	t.Run("without ids all is stored as often as it is sent", func(t *testing.T) { storesWithoutIDs(t, n) })
	t.Run("one stream for all stands in the URL", func(t *testing.T) { constantStream(t, n) })
	t.Run("plain indices have dates and policies", func(t *testing.T) { usesPlainIndices(t, n) })
	t.Run("policies instead of lifecycles", func(t *testing.T) { usesPolicies(t, n) })
	t.Run("a routing of the config's", func(t *testing.T) { usesRouting(t, n) })
	t.Run("a pipeline", func(t *testing.T) { needsPipeline(t, n) })
	t.Run("a check changes nothing", func(t *testing.T) { isChecked(t, n) })
	t.Run("a restarted server goes on", func(t *testing.T) { survivesRestart(t, n) })
}

func storesOnce(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "once" })
	docs := outputtest.Docs(600)
	for range 2 { // the second time all are 409
		if err := send(t, o, docs); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	if got := n.Count(t, "once-*"); got != 600 {
		t.Errorf("got %d documents, want 600", got)
	}
	for _, stream := range []string{"once-svc_0-audit", "once-svc_1-debug", "once-svc_0-standard"} {
		if got := n.Count(t, stream); got != 100 {
			t.Errorf("%s: got %d documents, want 100", stream, got)
		}
	}
	var hit struct {
		Hits struct {
			Hits []struct {
				ID     string          `json:"_id"`
				Source json.RawMessage `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	n.Ask(t, "GET", "/once-*/_search?q=seq:7", "", &hit)
	if len(hit.Hits.Hits) != 1 || hit.Hits.Hits[0].ID != "ASNFZ4mrze8-700-100" || !bytes.Equal(hit.Hits.Hits[0].Source, docs[7].JSON) {
		t.Errorf("document 7: got %+v, want id ASNFZ4mrze8-700-100 and %s", hit.Hits.Hits, docs[7].JSON)
	}
}

func bootstraps(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "boot" })
	if err := send(t, o, outputtest.Docs(3)); err != nil {
		t.Fatalf("send: %v", err)
	}
	for class, want := range map[string]string{"audit": "400d", "debug": "3d", "standard": "30d"} {
		var got struct {
			Templates []struct {
				Body struct {
					Patterns []string        `json:"index_patterns"`
					Stream   json.RawMessage `json:"data_stream"`
					Template struct {
						Lifecycle struct {
							Retention string `json:"data_retention"`
						} `json:"lifecycle"`
					} `json:"template"`
				} `json:"index_template"`
			} `json:"index_templates"`
		}
		n.Ask(t, "GET", "/_index_template/sluice-boot-"+class, "", &got)
		if len(got.Templates) != 1 || got.Templates[0].Body.Template.Lifecycle.Retention != want ||
			got.Templates[0].Body.Patterns[0] != "boot-*-"+class || got.Templates[0].Body.Stream == nil {
			t.Errorf("template of %s: got %+v, want a data stream with retention %s", class, got, want)
		}
	}
}

func makesNoStray(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix, c.Bootstrap = "stray", "never" })
	err := send(t, o, outputtest.Docs(3))
	var partial *outputs.Partial
	if !errors.As(err, &partial) || len(partial.Failed) != 3 || partial.Failed[0].Answer != outputs.NeedConfig {
		t.Fatalf("send: got %v, want three documents that need attention", err)
	}
	t.Logf("reason: %s", partial.Failed[0].Reason)
	if status := n.Ask(t, "GET", "/stray-svc_0-audit", "", nil); status != 404 {
		t.Errorf("index stray-svc_0-audit: got status %d, want 404", status)
	}
}

func changesNothing(t *testing.T, n *realserver.Node) {
	n.Ask(t, "PUT", "/_index_template/mine", `{"index_patterns":["mine-*-audit"],"data_stream":{},"priority":120,"template":{"lifecycle":{"data_retention":"7d"}}}`, nil)
	n.Ask(t, "PUT", "/_index_template/part", `{"index_patterns":["mine-svc_1-*"],"data_stream":{},"priority":130,"template":{"lifecycle":{"data_retention":"8d"}}}`, nil)
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "mine" })
	if err := send(t, o, outputtest.Docs(60)); err != nil {
		t.Fatalf("send: %v", err)
	}
	if status := n.Ask(t, "GET", "/_index_template/sluice-mine-audit", "", nil); status != 404 {
		t.Errorf("a template was made over one that covers all: status %d", status)
	}
	var got struct {
		Templates []struct {
			Body struct {
				Priority int `json:"priority"`
			} `json:"index_template"`
		} `json:"index_templates"`
	}
	n.Ask(t, "GET", "/_index_template/sluice-mine-debug", "", &got)
	if len(got.Templates) != 1 || got.Templates[0].Body.Priority != 129 {
		t.Errorf("template beside one that covers a part: got %+v, want priority 129", got)
	}
}

func conflicts(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "conflict" })
	docs := []event.Doc{
		document(0, `,"took":5`), document(6, `,"took":{"ms":5}`), document(12, `,"took":6`), document(18, `,"took":"long"`),
	}
	err := send(t, o, docs)
	var partial *outputs.Partial
	if !errors.As(err, &partial) || len(partial.Failed) != 2 {
		t.Fatalf("send: got %v, want two failures", err)
	}
	for i, f := range partial.Failed {
		t.Logf("reason: %s", f.Reason)
		if f.Answer != outputs.Poison || f.Index != 1+2*i || !strings.Contains(f.Reason, "took") {
			t.Errorf("failure %d: got %+v, want document %d as poison, with the field", i, f, 1+2*i)
		}
	}
	if got := n.Count(t, "conflict-*"); got != 2 {
		t.Errorf("got %d documents, want the 2 others", got)
	}
}

func fitsLabels(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "fit" })
	docs := []event.Doc{
		document(0, `,"labels.port":8080,"error.message":"boom","host.name":"web-1","kubernetes.namespace":"a","kubernetes":{"labels":{"app":"x"}}`),
		document(6, `,"labels.port":"http","error.message":"bust","error.stack_trace":"a\n\tat b","kubernetes":{"labels":{"app.kubernetes.io/name":"x"}}`),
		document(12, `,"labels.port":true,"context":{"user":{"id":7}},"day":"2026-11-24"`),
		document(18, `,"labels.port":1.5,"day":"tomorrow","message2":"`+strings.Repeat("long ", 2000)+`"`),
	}
	if err := send(t, o, docs); err != nil {
		t.Fatalf("send: %v", err)
	}
	if got := n.Count(t, "fit-*"); got != 4 {
		t.Errorf("got %d documents, want 4", got)
	}
}

func tooLarge(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "large" })
	big := document(0, `,"blob":"`+strings.Repeat("x", 1<<20)+`"`)
	if err := send(t, o, []event.Doc{big}); !errors.Is(err, outputs.ErrTooLarge) {
		t.Errorf("send: got %v, want ErrTooLarge", err)
	}
	if err := send(t, o, outputtest.DocsFrom(1, 1)); err != nil {
		t.Errorf("send a small one: %v", err)
	}
}

func waitsForDisk(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "disk" })
	if err := send(t, o, outputtest.Docs(1)); err != nil {
		t.Fatalf("send: %v", err)
	}
	n.Ask(t, "PUT", "/disk-*/_settings", `{"index.blocks.read_only_allow_delete":true}`, nil)
	err := send(t, o, []event.Doc{document(6, ""), document(12, "")})
	var throttled *outputs.Throttled
	if !errors.As(err, &throttled) {
		t.Errorf("send: got %v, want Throttled", err)
	}
	n.Ask(t, "PUT", "/disk-*/_settings", `{"index.blocks.read_only_allow_delete":null}`, nil)
	if err := send(t, o, []event.Doc{document(6, ""), document(12, "")}); err != nil {
		t.Errorf("send with room: %v", err)
	}
	n.Ask(t, "PUT", "/disk-*/_settings", `{"index.blocks.write":true}`, nil)
	err = send(t, o, []event.Doc{document(18, ""), document(24, "")})
	var partial *outputs.Partial
	if !errors.As(err, &partial) || partial.Failed[0].Answer != outputs.NeedConfig {
		t.Errorf("send to a closed index: got %v, want NeedConfig", err)
	}
}

func retains(t *testing.T, n *realserver.Node) {
	n.Ask(t, "PUT", "/_index_template/sluice-keep-audit", `{"index_patterns":["keep-*-audit"],"data_stream":{},"priority":500,"_meta":{"mine":1},"template":{"lifecycle":{"data_retention":"7d"}}}`, nil)
	n.Ask(t, "PUT", "/_index_template/sluice-keep-debug", `{"index_patterns":["keep-*-debug"],"data_stream":{},"priority":500,"template":{"lifecycle":{"data_retention":"90d"}}}`, nil)
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "keep" })
	r := o.(outputs.Retainer)
	plan, err := r.PlanRetention(t.Context())
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	actions := map[string]outputs.RetentionAction{}
	for _, c := range plan {
		t.Logf("plan: %s %s %s of %s: %v -> %v %s", c.Action, c.Kind, c.Name, c.Class, c.Have, c.Want, c.Warning)
		actions[c.Name] = c.Action
	}
	if actions["sluice-keep-audit"] != outputs.ExtendRetention || actions["sluice-keep-debug"] != outputs.ShortenRetention || actions["sluice-keep-standard"] != outputs.CreateRetention {
		t.Fatalf("plan: got %v", actions)
	}
	if err := r.ApplyRetention(t.Context(), plan); err == nil || !strings.Contains(err.Error(), "--shorten debug") {
		t.Errorf("apply all: got %v, want a refusal that names --shorten debug", err)
	}
	left, err := r.PlanRetention(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var safe []outputs.RetentionChange
	for _, c := range left {
		if c.Confirmed = c.Action == outputs.ShortenRetention; c.Confirmed || c.Action == outputs.CreateRetention {
			safe = append(safe, c)
		}
	}
	if err := r.ApplyRetention(t.Context(), safe); err != nil {
		t.Fatalf("apply with confirmation: %v", err)
	}
	left, err = r.PlanRetention(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range left {
		if c.Action.Changes() {
			t.Errorf("left after apply: %+v", c)
		}
	}
	var got json.RawMessage
	n.Ask(t, "GET", "/_index_template/sluice-keep-audit", "", &got)
	if !bytes.Contains(got, []byte(`"mine":1`)) || !bytes.Contains(got, []byte(`"400d"`)) {
		t.Errorf("template after apply: got %s, want 400d and what a person had added", got)
	}
}

func constantStream(t *testing.T, n *realserver.Node) {
	c := elasticsearch.Type.Config().(*elasticsearch.Config)
	c.Endpoints, c.DataStream = endpoints.At(n.URL), expr.Literal("app-all")
	d := outputtest.Deps(t)
	d.Classes = d.Classes[:1] // one stream has one lifecycle
	o, err := elasticsearch.Type.Open(c, d)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer o.Close()
	for range 2 {
		if err := send(t, o, outputtest.Docs(10)); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	if got := n.Count(t, "app-all"); got != 10 {
		t.Errorf("got %d documents, want 10", got)
	}
}

func storesWithoutIDs(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix, c.DocumentID = "noid", false })
	docs := outputtest.Docs(6)
	for range 2 {
		if err := send(t, o, docs); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	if got := n.Count(t, "noid-*"); got != 12 {
		t.Errorf("without ids: got %d documents, want both times 6", got)
	}
}

func survivesRestart(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Prefix = "again" })
	if err := send(t, o, outputtest.Docs(10)); err != nil {
		t.Fatalf("send: %v", err)
	}
	n.Stop(t)
	if err := send(t, o, outputtest.Docs(20)); err == nil {
		t.Error("send to a stopped server: got no error")
	} else {
		t.Logf("while stopped: %v", err)
	}
	n.Start(t)
	realserver.Until(t, "the restarted server takes documents", func() bool { return send(t, o, outputtest.Docs(20)) == nil })
	if got := n.Count(t, "again-*"); got != 20 {
		t.Errorf("got %d documents, want 20", got)
	}
}

func TestElasticsearchWithSecurity(t *testing.T) {
	ca, cert, key := realserver.Certificates(t)
	n := realserver.Start(t, realserver.Elasticsearch, "ES_SECURITY=2", "ES_TLS_CERT="+cert, "ES_TLS_KEY="+key,
		"ES_YML=indexing_pressure.memory.limit: 64kb")
	n.User, n.Pass = "elastic", "sluice-test"
	password := func(c *elasticsearch.Config) {
		c.CAFile, c.Username, c.Password = ca, n.User, config.NewSecret(n.Pass)
		c.Endpoints = endpoints.At(strings.TrimPrefix(n.URL, "https://")) // https by itself
	}
	t.Run("a password over TLS", func(t *testing.T) {
		o := openOutput(t, n, nil, password)
		if err := send(t, o, outputtest.Docs(30)); err != nil {
			t.Fatalf("send: %v", err)
		}
		if got := n.Count(t, "logs-*"); got != 30 {
			t.Errorf("got %d documents, want 30", got)
		}
	})
	t.Run("a wrong password needs attention and is not shown", func(t *testing.T) {
		o := openOutput(t, n, nil, func(c *elasticsearch.Config) { password(c); c.Password = config.NewSecret("canary-7f3a") })
		err := send(t, o, outputtest.Docs(1))
		var misconfigured *outputs.Misconfigured
		if !errors.As(err, &misconfigured) || strings.Contains(fmt.Sprintf("%+v", err), "canary-7f3a") {
			t.Errorf("send: got %v, want Misconfigured without the password", err)
		}
		t.Logf("error: %v", err)
	})
	t.Run("an unknown authority needs attention", func(t *testing.T) {
		o := openOutput(t, n, nil, func(c *elasticsearch.Config) { password(c); c.CAFile = "" })
		err := send(t, o, outputtest.Docs(1))
		var misconfigured *outputs.Misconfigured
		if !errors.As(err, &misconfigured) {
			t.Errorf("send: got %v, want Misconfigured", err)
		}
		t.Logf("error: %v", err)
	})
	t.Run("plain HTTP to a TLS port is an error", func(t *testing.T) {
		o := openOutput(t, n, nil, func(c *elasticsearch.Config) {
			c.Endpoints = endpoints.At(strings.Replace(n.URL, "https", "http", 1))
		})
		err := send(t, o, outputtest.Docs(1))
		if err == nil {
			t.Error("send: got no error")
		}
		t.Logf("error: %v", err)
	})
	t.Run("an API key that may only write", func(t *testing.T) { writesWithKey(t, n, ca) })
	t.Run("indexing pressure throttles", func(t *testing.T) {
		o := openOutput(t, n, nil, password)
		err := send(t, o, outputtest.DocsFrom(1000, 2000))
		var throttled *outputs.Throttled
		if !errors.As(err, &throttled) {
			t.Errorf("send: got %v, want Throttled", err)
		}
		t.Logf("error: %.200v", err)
	})
}

func writesWithKey(t *testing.T, n *realserver.Node, ca string) {
	var made struct {
		Encoded string `json:"encoded"`
	}
	n.Ask(t, "POST", "/_security/api_key", `{"name":"writer","role_descriptors":{"w":{"index":[{"names":["logs-*"],"privileges":["create_doc","auto_configure"]}]}}}`, &made)
	if made.Encoded == "" {
		t.Fatal("the server made no key")
	}
	var logs bytes.Buffer
	o := openOutput(t, n, &logs, func(c *elasticsearch.Config) { c.CAFile, c.APIKey = ca, config.NewSecret(made.Encoded) })
	if err := send(t, o, outputtest.DocsFrom(100, 30)); err != nil {
		t.Fatalf("send: %v", err)
	}
	if got := n.Count(t, "logs-*"); got != 60 {
		t.Errorf("got %d documents, want 60", got)
	}
	t.Logf("log: %s", logs.String())
	if strings.Contains(logs.String(), made.Encoded) {
		t.Error("the log holds the key")
	}
	other := openOutput(t, n, nil, func(c *elasticsearch.Config) {
		c.CAFile, c.APIKey, c.Prefix = ca, config.NewSecret(made.Encoded), "metrics"
	})
	err := send(t, other, outputtest.Docs(1))
	var partial *outputs.Partial
	if !errors.As(err, &partial) || partial.Failed[0].Answer != outputs.NeedConfig {
		t.Errorf("send where the key may not: got %v, want NeedConfig", err)
	}
}
