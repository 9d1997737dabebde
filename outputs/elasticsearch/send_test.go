package elasticsearch

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// try sends documents once and poisons the request, as the pipeline may.
func try(t testing.TB, o outputs.Output, docs []event.Doc) error {
	t.Helper()
	r := outputtest.Request(t, o, docs)
	err := o.Send(t.Context(), r)
	outputtest.Poison(r)
	return err
}

// kindOf names what an error of Send asks for.
func kindOf(err error) string {
	var partial *outputs.Partial
	var throttled *outputs.Throttled
	var config *outputs.Misconfigured
	var poisoned *outputs.Poisoned
	switch {
	case err == nil:
		return "taken"
	case errors.As(err, &throttled):
		return fmt.Sprintf("throttled %v", throttled.After)
	case errors.As(err, &config):
		return "needs attention"
	case errors.As(err, &poisoned):
		return "poisoned"
	case errors.As(err, &partial):
		return "partial"
	case errors.Is(err, outputs.ErrTooLarge):
		return "too large"
	}
	return "again"
}

func TestStatusesOfWholeRequests(t *testing.T) {
	after := func(v string) http.Header { return http.Header{"Retry-After": {v}} }
	bad := func(kind, reason string) string {
		return fmt.Sprintf(`{"error":{"type":%q,"reason":%q},"status":400}`, kind, reason)
	}
	tests := []struct {
		name  string
		fault essim.Fault
		want  string
	}{
		{"429", essim.Fault{Status: 429}, "throttled 0s"},
		{"429 with seconds", essim.Fault{Status: 429, Header: after("7")}, "throttled 7s"},
		{"429 with an absurd time", essim.Fault{Status: 429, Header: after("99999999999")}, "throttled 0s"},
		{"429 with a long time", essim.Fault{Status: 429, Header: after("7200")}, "throttled 5m0s"},
		{"503", essim.Fault{Status: 503}, "again"},
		{"503 with seconds", essim.Fault{Status: 503, Header: after("3")}, "throttled 3s"},
		{"502 with a page", essim.Fault{Status: 502, Body: "<html>Bad Gateway</html>"}, "again"},
		{"504", essim.Fault{Status: 504}, "again"},
		{"500", essim.Fault{Status: 500}, "again"},
		{"408", essim.Fault{Status: 408}, "again"},
		{"413 without a body", essim.Fault{Status: 413}, "too large"},
		{"413 with a proxy's page", essim.Fault{Status: 413, Body: "<html>Request Entity Too Large</html>"}, "too large"},
		{"401", essim.Fault{Status: 401}, "needs attention"},
		{"403", essim.Fault{Status: 403}, "needs attention"},
		{"404", essim.Fault{Status: 404}, "needs attention"},
		{"501", essim.Fault{Status: 501}, "needs attention"},
		{"a redirect to a login page", essim.Fault{Status: 302, Header: http.Header{"Location": {"/login"}}, Body: "moved"}, "needs attention"},
		{"406", essim.Fault{Status: 406}, "needs attention"},
		{"400 about a line of the body", essim.Fault{Status: 400, Body: bad("illegal_argument_exception", "Malformed action/metadata line [1]")}, "too large"},
		{"400 about the body", essim.Fault{Status: 400, Body: bad("x_content_parse_exception", "[1:2] unexpected")}, "too large"},
		{"400 about a parameter's value", essim.Fault{Status: 400, Body: bad("illegal_argument_exception", "failed to parse [timeout]")}, "needs attention"},
		{"400 of a proxy", essim.Fault{Status: 400, Body: "<html>The plain HTTP request was sent to HTTPS port</html>"}, "needs attention"},
		{"400 about an unknown parameter that is not ours", essim.Fault{Status: 400, Body: bad("illegal_argument_exception", "request [/_bulk] contains unrecognized parameter: [timeout]")}, "needs attention"},
		{"a 200 of a proxy", essim.Fault{Status: 200, Body: "<html>ok</html>"}, "again"},
		{"a 200 without a word", essim.Fault{Status: 200, Body: " "}, "again"},
		{"204", essim.Fault{Status: 204, Body: ""}, "again"},
		{"a connection cut before", essim.Fault{CutBefore: true}, "again"},
		{"a connection cut after", essim.Fault{CutAfter: true}, "again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), nil)
			b.sim.Next(tt.fault)
			err := try(t, b, outputtest.Docs(5))
			if got := kindOf(err); got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
			if err := try(t, b, outputtest.Docs(5)); err != nil {
				t.Errorf("again: %v", err)
			}
			if got := len(b.docs()); got != 5 {
				t.Errorf("stored %d documents, want 5, each once", got)
			}
		})
	}
}

func TestItemsAreJudgedOneByOne(t *testing.T) {
	type said struct {
		status       int
		kind, reason string
	}
	tests := []struct {
		said said
		want outputs.Answer // of a document that was not taken
		done bool
	}{
		{said{0, "", ""}, 0, true},
		{said{409, "version_conflict_engine_exception", "document already exists"}, 0, true},
		{said{409, "", ""}, 0, true},
		{said{409, "resource_already_exists_exception", "index"}, outputs.Retry, false},
		{said{429, "es_rejected_execution_exception", "rejected"}, outputs.Retry, false},
		{said{429, "cluster_block_exception", "TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark"}, outputs.Retry, false},
		{said{429, "circuit_breaking_exception", "Data too large"}, outputs.Retry, false},
		{said{503, "unavailable_shards_exception", "primary shard is not active"}, outputs.Retry, false},
		{said{500, "illegal_state_exception", "?"}, outputs.Retry, false},
		{said{400, "document_parsing_exception", "failed to parse field [took]"}, outputs.Poison, false},
		{said{400, "mapper_parsing_exception", "object mapping"}, outputs.Poison, false},
		{said{400, "strict_dynamic_mapping_exception", "introducing"}, outputs.Poison, false},
		{said{400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded"}, outputs.Poison, false},
		{said{400, "illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams"}, outputs.NeedConfig, false},
		{said{400, "illegal_argument_exception", "pipeline with id [x] does not exist"}, outputs.NeedConfig, false},
		{said{400, "validation_exception", "this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open"}, outputs.NeedConfig, false},
		{said{404, "index_not_found_exception", "no such index"}, outputs.NeedConfig, false},
		{said{403, "security_exception", "unauthorized"}, outputs.NeedConfig, false},
		{said{403, "cluster_block_exception", "index [x] blocked by: [FORBIDDEN/8/index write (api)]"}, outputs.NeedConfig, false},
		{said{418, "teapot", "?"}, outputs.NeedConfig, false},
		{said{0, "", ""}, 0, true},
	}
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Next(essim.Fault{Item: func(i int, _ []byte) (int, string, string) {
		s := tests[i].said
		return s.status, s.kind, s.reason
	}})
	err := try(t, b, outputtest.Docs(len(tests)))
	var partial *outputs.Partial
	if !errors.As(err, &partial) {
		t.Fatalf("send: got %v, want Partial", err)
	}
	var want []outputs.Failure
	for i, tt := range tests {
		if !tt.done {
			want = append(want, outputs.Failure{Index: i, Answer: tt.want, Reason: tt.said.kind + ": " + tt.said.reason})
		}
	}
	if diff := cmp.Diff(want, partial.Failed); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	if got := value(t, b.metrics.duplicates); got != 2 {
		t.Errorf("duplicates: got %v, want 2", got)
	}
}

func TestWithoutIDsA409IsNoSuccess(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *essim.Options) { c.DocumentID = false })
	b.sim.Next(essim.Fault{Item: func(i int, _ []byte) (int, string, string) {
		if i == 0 {
			return 409, "version_conflict_engine_exception", "?"
		}
		return 0, "", ""
	}})
	if err := try(t, b, outputtest.Docs(2)); kindOf(err) != "partial" {
		t.Errorf("got %v, want Partial", err)
	}
}

func TestAllItemsThrottledThrottlesTheRequest(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Next(essim.Fault{Item: func(int, []byte) (int, string, string) { return 429, "es_rejected_execution_exception", "full" }})
	if err := try(t, b, outputtest.Docs(3)); kindOf(err) != "throttled 0s" {
		t.Errorf("got %v, want Throttled", err)
	}
}

func TestSentTwiceIsStoredOnce(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	docs := outputtest.Docs(50)
	b.sim.Next(essim.Fault{CutAfter: true})
	if err := try(t, b, docs); kindOf(err) != "again" {
		t.Fatalf("answer lost: got %v, want an error", err)
	}
	if err := try(t, b, docs); err != nil {
		t.Fatalf("again: %v", err)
	}
	if got := b.sim.Counts(); got.Docs != 50 || got.Duplicates != 50 {
		t.Errorf("got %+v, want 50 documents and 50 duplicates", got)
	}
}

func TestReasonsAreCutAndFitToBeShown(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Next(essim.Fault{Item: func(i int, _ []byte) (int, string, string) {
		return 400, "document_parsing_exception", "\x1b[31m" + strings.Repeat("x", 100<<10)
	}})
	err := try(t, b, outputtest.Docs(2))
	var partial *outputs.Partial
	if !errors.As(err, &partial) || len(partial.Failed[0].Reason) > maxReason || strings.Contains(partial.Failed[0].Reason, "\x1b") {
		t.Errorf("got %.100q of %v, want at most %d bytes without control characters", partial.Failed[0].Reason, len(partial.Failed[0].Reason), maxReason)
	}
}

// serve opens an output on a handler of the test's own.
func serve(t *testing.T, handler http.HandlerFunc, change func(*Config)) *Output {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	o := openOffline(t, func(c *Config) {
		c.Endpoints, c.Bootstrap = endpoints.At(server.URL), bootstrapNever
		if change != nil {
			change(c)
		}
	})
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func TestTheProductIsCheckedBeforeAnythingIsSent(t *testing.T) {
	for name, tt := range map[string]struct {
		status        int
		header        string
		product, want string
		bulks         int
	}{
		"Elasticsearch":                        {200, "Elasticsearch", productElasticsearch, "taken", 1},
		"another":                              {200, "", productElasticsearch, "needs attention", 0},
		"another that is wanted":               {200, "", productAny, "taken", 1},
		"a key that may only write":            {403, "Elasticsearch", productElasticsearch, "taken", 1},
		"Elasticsearch without this page":      {405, "Elasticsearch", productElasticsearch, "taken", 1},
		"a proxy that refuses":                 {403, "", productElasticsearch, "needs attention", 0},
		"credentials that are wrong":           {401, "Elasticsearch", productElasticsearch, "needs attention", 0},
		"a server that starts":                 {503, "Elasticsearch", productElasticsearch, "again", 0},
		"a page that is no server's":           {404, "", productElasticsearch, "needs attention", 0},
		"a server that is busy":                {429, "Elasticsearch", productElasticsearch, "throttled 0s", 0},
		"another, with a product of that name": {200, "OpenSearch", productElasticsearch, "needs attention", 0},
	} {
		t.Run(name, func(t *testing.T) {
			bulks := 0
			o := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					bulks++
					_, _ = io.WriteString(w, `{"errors":false,"items":[{"create":{"status":201}}]}`)
					return
				}
				if tt.header != "" {
					w.Header().Set("X-Elastic-Product", tt.header)
				}
				w.WriteHeader(tt.status)
			}, func(c *Config) { c.Product = tt.product })
			err := try(t, o, outputtest.Docs(1))
			if got := kindOf(err); got != tt.want || bulks != tt.bulks {
				t.Errorf("got %s (%v) and %d bulk requests, want %s and %d", got, err, bulks, tt.want, tt.bulks)
			}
		})
	}
}

// A stored answer counts by its items, whatever its headers say.
func TestABulkAnswerWithoutTheProductCounts(t *testing.T) {
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("X-Elastic-Product", "Elasticsearch")
			return
		}
		_, _ = io.WriteString(w, `{"errors":false,"items":[{"create":{"status":201}}]}`)
	}, nil)
	if err := try(t, o, outputtest.Docs(1)); err != nil {
		t.Errorf("got %v, want taken", err)
	}
}

func TestOnlyRefusedParametersAreLeftOut(t *testing.T) {
	var seen []string
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		if r.Method == http.MethodGet {
			return
		}
		q := r.URL.Query()
		seen = append(seen, fmt.Sprintf("%s %s", q.Get("require_data_stream"), q.Get("include_source_on_error")))
		if q.Has("include_source_on_error") {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"error":{"type":"illegal_argument_exception","reason":"request [/_bulk] contains unrecognized parameter: [include_source_on_error]"},"status":400}`)
			return
		}
		_, _ = io.WriteString(w, `{"errors":false,"items":[{"create":{"status":201}}]}`)
	}, nil)
	for range 2 {
		if err := try(t, o, outputtest.Docs(1)); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	if diff := cmp.Diff([]string{"true false", "true ", "true "}, seen); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestAnswersThatDripOrNeverEndAreLeft(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"one byte at a time": func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
				select {
				case <-tick.C:
				case <-r.Context().Done():
					return
				}
			}
		},
		"an endless error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
		"an endless success": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"errors":true,"items":[{"create":{"status":400,"error":{"reason":"`)
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(strings.Repeat("x", 1<<16))); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Elastic-Product", "Elasticsearch")
				if r.Method == http.MethodPost {
					handler(w, r)
				}
			}, nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			err := o.Send(ctx, outputtest.Request(t, o, outputtest.Docs(2)))
			if kindOf(err) != "again" || time.Since(start) > 2*time.Second {
				t.Errorf("got %v after %v, want an error within the second that it has", err, time.Since(start))
			}
		})
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	const password, key = "canary-pass-91", "Y2FuYXJ5OmtleQ=="
	for name, change := range map[string]func(*Config){
		"password": func(c *Config) { c.Username, c.Password = "elastic", config.NewSecret(password) },
		"api_key":  func(c *Config) { c.APIKey = config.NewSecret(key) },
	} {
		t.Run(name, func(t *testing.T) {
			// A proxy that shows the request that it refuses.
			o := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, pass, _ := r.BasicAuth()
				w.WriteHeader(403)
				_, _ = fmt.Fprintf(w, "refused: %v %s", r.Header, pass)
			}, change)
			err := try(t, o, outputtest.Docs(1))
			shown := fmt.Sprintf("%v %+v", err, o.config)
			basic := base64.StdEncoding.EncodeToString([]byte("elastic:" + password))
			for _, secret := range []string{password, key, basic} {
				if strings.Contains(shown, secret) {
					t.Errorf("%s is shown in %s", secret, shown)
				}
			}
			if !strings.Contains(shown, "(secret)") {
				t.Errorf("got %s, want the proxy's page with the secret hidden", shown)
			}
		})
	}
}

func TestSeveralEndpointsAreTriedInTurn(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	o := openOffline(t, func(c *Config) { c.Endpoints = endpoints.At("127.0.0.1:1", b.config.Endpoints[0].URL) })
	t.Cleanup(func() { _ = o.Close() })
	var last error
	for range 4 { // the pipeline's tries
		if last = try(t, o, outputtest.Docs(5)); last == nil {
			break
		}
	}
	if last != nil {
		t.Errorf("with one of two endpoints dead: %v", last)
	}
}

func TestAServerWithoutAnAnswerIsLeftAfterTheTimeout(t *testing.T) {
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusOK) // so that only the whole exchange's timeout is left
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}, func(c *Config) { c.Timeout = config.Duration(time.Second) })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	start := time.Now()
	err := o.Send(ctx, outputtest.Request(t, o, outputtest.Docs(1)))
	if kindOf(err) != "again" || time.Since(start) > 5*time.Second {
		t.Errorf("got %v after %v, want an error after the timeout of 1s", err, time.Since(start))
	}
}

// A server that reads nothing leaves the transport in the middle of the body
// when Send's context ends. The race detector sees it if it reads on while the
// pipeline uses the memory again.
func TestNothingReadsTheBodyAfterSend(t *testing.T) {
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusServiceUnavailable) // early, the body unread
			_ = http.NewResponseController(w).Flush()
		}
	}, nil)
	for range 10 {
		part := make([]byte, 32<<20)
		r := &outputs.Request{Count: 1, Size: len(part), BodySize: len(part), Body: [][]byte{part}}
		if err := o.Send(t.Context(), r); err == nil {
			t.Fatal("send: got no error")
		}
		outputtest.Poison(r)
	}
}

func TestItemsThatAreAllThrottledLowerTheLimit(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Next(essim.Fault{Item: func(int, []byte) (int, string, string) { return 429, "es_rejected_execution_exception", "full" }})
	_ = try(t, b, outputtest.Docs(3)) // Throttled
	if size, used := b.group.Limit(); size != 1 || used != 0 {
		t.Errorf("got a limit of %d and %d used, want 1 and 0", size, used)
	}
}
