//go:build integration

package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
)

var loggers = []string{"zap", "zerolog", "slog", "logrus", "pino", "bunyan", "winston", "monolog", "serilog"}

// clashing are lines in which the loggers' keys have the types that other
// loggers' lines give to the same name. %d is the number of the round.
var clashing = []string{
	`{"level":"error","ts":1795514622.001,"msg":"zap %d","error":"card declined","host":"web-1","service":"pay"}`,
	`{"level":"error","time":1795514621,"message":"zerolog %d","error":{"message":"no config","type":"ConfigError"},"host":{"name":"web-2"},"service":"pay"}`,
	`{"time":"2026-11-24T10:03:41Z","level":"WARN","msg":"slog %d","error":"boom","host":"web-3","service":{"name":"pay","version":"1.2.3"}}`,
	`{"level":"warning","msg":"logrus %d","time":"2026-11-24T10:03:41Z","error":"boom","host":"web-4","service":"pay","user":"ada"}`,
	`{"level":50,"time":1795514621348,"pid":4711,"hostname":"web-5","msg":"pino %d","err":{"type":"TypeError","message":"x","stack":"TypeError: x"},"service":"pay"}`,
	`{"name":"bunyan","hostname":"web-6","pid":1,"level":50,"msg":"bunyan %d","time":"2026-11-24T10:03:41.348Z","v":0,"error":"boom","service":{"name":"pay"}}`,
	`{"level":"error","message":{"round":%d,"text":"an object as message"},"timestamp":"2026-11-24T10:03:41.348Z","error":"boom","host":"web-7","service":"pay"}`,
	`{"message":"monolog %d","context":{"exception":{"message":"declined"}},"level":400,"level_name":"ERROR","channel":"production","datetime":"2026-11-24T10:02:55.348231+00:00","extra":{},"error":{"message":"boom"},"host":"web-8"}`,
	`{"@t":"2026-11-24T10:03:41.3482313Z","@m":"serilog %d","@l":"Error","@x":"System.Exception: x","error":"boom","host":"web-9","service":"pay"}`,
}

// loggedLines are the golden lines of all loggers and the clashing ones, in
// some order: which type comes first decides a mapping.
func loggedLines(t *testing.T, rounds int) []string {
	t.Helper()
	var golden, all []string
	for _, logger := range loggers {
		text, err := os.ReadFile(filepath.Join("../../parsers/json/testdata", logger+".log"))
		if err != nil {
			t.Fatal(err)
		}
		golden = append(golden, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	for round := range rounds {
		for _, line := range clashing {
			all = append(all, fmt.Sprintf(line, round))
		}
		all = append(all, golden...)
	}
	order := rand.New(rand.NewPCG(3, 8))
	order.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	return all
}

func TestNineLoggersGoIntoOneStream(t *testing.T) {
	const rounds, stream = 40, "logs-loggers-all"
	n := realserver.Start(t, realserver.Elasticsearch)
	cfg := rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t), Outputs: []string{
		output(`"elasticsearch" "main"`, fmt.Sprintf("endpoints = [%q]", n.URL), fmt.Sprintf("data_stream = %q", stream)),
	}}
	config := cfg.Write(t)
	lines := loggedLines(t, rounds)
	if err := os.WriteFile(filepath.Join(cfg.Logs(), "app.log"), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	a := start(t, config, cfg.Admin)
	delivered(t, a, cfg.Admin, "elasticsearch.main", len(lines))

	if got := n.Count(t, stream); got != len(lines) {
		t.Errorf("got %d documents, want %d", got, len(lines))
	}
	var indices []struct{ Index string }
	n.Ask(t, "GET", "/_cat/indices?format=json&expand_wildcards=all", "", &indices)
	if len(indices) != 1 || !strings.HasPrefix(indices[0].Index, ".ds-"+stream+"-") {
		t.Errorf("got indices %q, want the stream's alone", indices)
	}
	a.Stop(t)
	letters := sluice(t, cfg.Dir, "dlq", "ls", "-c", config, "-o", "json")
	if letters.code != 1 || letters.out != "" {
		t.Errorf("dead letters: exit code %d and %s, want 1 and none", letters.code, letters.out)
	}
	t.Logf("%d lines of %d loggers in one stream", len(lines), len(loggers))

	for _, c := range []struct{ name, query, want string }{
		{"zap", `{"match_phrase":{"message":"zap 7"}}`, `{"log.level":"error","message":"zap 7","error.message":"card declined","host.name":"web-1","service.name":"pay"}`},
		{"zerolog", `{"match_phrase":{"message":"zerolog 7"}}`, `{"log.level":"error","message":"zerolog 7","error.message":"no config","error.type":"ConfigError","host.name":"web-2","service.name":"pay"}`},
		{"slog", `{"match_phrase":{"message":"slog 7"}}`, `{"log.level":"warn","message":"slog 7","error.message":"boom","host.name":"web-3","service.name":"pay"}`},
		{"logrus", `{"match_phrase":{"message":"logrus 7"}}`, `{"log.level":"warn","message":"logrus 7","error.message":"boom","host.name":"web-4","service.name":"pay"}`},
		{"pino", `{"match_phrase":{"message":"pino 7"}}`, `{"log.level":"error","message":"pino 7","error.message":"x","error.type":"TypeError","service.name":"pay"}`},
		{"bunyan", `{"match_phrase":{"message":"bunyan 7"}}`, `{"log.level":"error","message":"bunyan 7","error.message":"boom","service.name":"pay"}`},
		{"winston", `{"match_phrase":{"message":"round 7 text an object"}}`, `{"log.level":"error","message":"{\"round\":7,\"text\":\"an object as message\"}","error.message":"boom","host.name":"web-7","service.name":"pay"}`},
		{"monolog", `{"match_phrase":{"message":"monolog 7"}}`, `{"log.level":"error","message":"monolog 7","error.message":"boom","host.name":"web-8"}`},
		{"serilog", `{"match_phrase":{"message":"serilog 7"}}`, `{"log.level":"error","message":"serilog 7","error.message":"boom","host.name":"web-9","service.name":"pay"}`},
	} {
		t.Run(c.name+" is found by its fields", func(t *testing.T) { found(t, n, stream, c.query, c.want) })
	}
	// What is stored must be searchable by the mapped fields too.
	if got := matching(t, n, stream, `{"bool":{"filter":[{"term":{"host.name":"web-1"}},{"term":{"service.name":"pay"}},{"match":{"error.message":"declined"}}]}}`); got != rounds {
		t.Errorf("search by host, service and error: got %d, want %d", got, rounds)
	}
}

// found demands that a query finds one document and that it has these fields.
func found(t *testing.T, n *realserver.Node, stream, query, want string) {
	t.Helper()
	var answer struct {
		Hits struct {
			Hits []struct {
				Source json.RawMessage `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	n.Ask(t, "POST", "/"+stream+"/_search", `{"query":`+query+`}`, &answer)
	if len(answer.Hits.Hits) != 1 {
		t.Fatalf("%s: got %d documents, want 1", query, len(answer.Hits.Hits))
	}
	var got, wanted map[string]any
	decoder := json.NewDecoder(bytes.NewReader(answer.Hits.Hits[0].Source))
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	seen := map[string]any{}
	for key := range wanted {
		seen[key] = got[key]
	}
	if diff := cmp.Diff(wanted, seen); diff != "" {
		t.Errorf("document %s (-want +got):\n%s", answer.Hits.Hits[0].Source, diff)
	}
}

func matching(t *testing.T, n *realserver.Node, stream, query string) int {
	t.Helper()
	var answer struct {
		Count int `json:"count"`
	}
	n.Ask(t, "POST", "/"+stream+"/_count", `{"query":`+query+`}`, &answer)
	return answer.Count
}
