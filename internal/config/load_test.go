package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
)

// environment is an Env of fixed values.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

// mustLoad loads a config that must have no errors.
func mustLoad(t *testing.T, text string, o Options) *Config {
	t.Helper()
	c, diags := loadText(text, o)
	if diags.HasErrors() {
		t.Fatal(textOf(c, diags))
	}
	return c
}

// wantError loads a config and wants an error that says part.
func wantError(t *testing.T, text string, o Options, part string) {
	t.Helper()
	c, diags := loadText(text, o)
	if got := textOf(c, diags); !diags.HasErrors() || !strings.Contains(got, part) {
		t.Errorf("got %q, want an error that says %q", got, part)
	}
}

type record map[string]string

func (r record) Lookup(path string) event.Value {
	v, ok := r[path]
	if !ok {
		return event.Value{}
	}
	return event.Value{Kind: event.String, Text: []byte(v)}
}

func exampleConfig(t *testing.T) *Config {
	t.Helper()
	src, err := os.ReadFile("testdata/example.hcl")
	if err != nil {
		t.Fatal(err)
	}
	return mustLoad(t, string(src), Options{
		Vars:     map[string]string{"environment": "prod"},
		Env:      environment(map[string]string{"SPLUNK_HEC_TOKEN": "hec-token", "LOG_AGGREGATION_PROVIDER": "elk", "ELASTICSEARCH_HOSTS": "a:9200,b:9200"}),
		ReadFile: func(string) ([]byte, error) { return []byte("api-key\n"), nil },
	})
}

func TestTheExampleLoads(t *testing.T) {
	c := exampleConfig(t)
	if got, want := len(c.Inputs), 2; got != want {
		t.Fatalf("inputs: got %d, want %d", got, want)
	}
	bookings, worker := c.Inputs[0], c.Inputs[1]
	if got, want := bookings.Address, "file.bookings"; got != want {
		t.Errorf("address: got %q, want %q", got, want)
	}
	if got, want := bookings.Config, any(&fileConfig{Paths: []string{"/var/log/renthub/bookings/*.log"}, Exclude: []string{"*.gz"}, StartAt: "beginning"}); !cmp.Equal(got, want) {
		t.Errorf("config: %s", cmp.Diff(got, want))
	}
	if got, want := worker.Parser, []ParserRef{{Builtin: "laravel"}, {Address: "regex.gateway"}}; !cmp.Equal(got, want) {
		t.Errorf("parser: %s", cmp.Diff(got, want))
	}
	gateway := c.Parsers[0].Config.(*regexConfig)
	if got, want := gateway.Timestamp, (&timestamp{Field: "time", Layout: "02/Jan/2006:15:04:05 -0700"}); !cmp.Equal(got, want) {
		t.Errorf("timestamp: %s", cmp.Diff(got, want))
	}
	if got, want := c.Enrich[0].Rename, [][2]string{{"svc", "service.name"}}; !cmp.Equal(got, want) {
		t.Errorf("rename: %s", cmp.Diff(got, want))
	}
	var set []string
	for _, s := range c.Enrich[0].Set {
		_, text, _ := s.Value.Constant()
		set = append(set, s.Key+"="+text)
	}
	if got, want := set, []string{"deployment.environment=prod", "labels.cluster=local"}; !cmp.Equal(got, want) {
		t.Errorf("set: %s", cmp.Diff(got, want))
	}
	if noise := c.Enrich[1]; !noise.Drop || !noise.Where(record{"url.path": "/readyz"}) || noise.Where(record{"url.path": "/"}) || !cmp.Equal(noise.Inputs, []string{"file.bookings"}) {
		t.Errorf("noise: got %+v", noise)
	}
	if got, want := c.Enrich[2].Redact, (&Redact{Fields: []string{"context.password"}, Patterns: []string{"email", "card", "bearer"}}); !cmp.Equal(got, want) {
		t.Errorf("redact: %s", cmp.Diff(got, want))
	}
	var classes []string
	for _, class := range c.Retention.Classes {
		classes = append(classes, fmt.Sprintf("%s %v %v", class.Name, class.Keep, class.Where != nil))
	}
	if got, want := classes, []string{"audit 9600h0m0s true", "debug 72h0m0s true", "standard 720h0m0s false"}; !cmp.Equal(got, want) {
		t.Errorf("classes: %s", cmp.Diff(got, want))
	}
	if got, want := c.Buffer.History, 24*time.Hour; got != want {
		t.Errorf("history: got %v, want %v", got, want)
	}
	elastic := c.Outputs[0]
	if got := elastic.Config.(*elasticConfig); !elastic.Enabled || !cmp.Equal(got.Endpoints, []string{"a:9200", "b:9200"}) || got.APIKey.Reveal() != "api-key" {
		t.Errorf("elasticsearch: got %+v", got)
	}
	if got := string(c.Outputs[1].Config.(*splunkConfig).Index.Render(nil, record{"labels.retention": "audit"})); got != "rh_audit" {
		t.Errorf("index: got %q, want rh_audit", got)
	}
	if got, want := c.Routes[0].To, []string{"splunk.audit", "elasticsearch.main"}; !cmp.Equal(got, want) {
		t.Errorf("route: %s", cmp.Diff(got, want))
	}
	if got, want := c.Admin.Listen, "127.0.0.1:7080"; got != want {
		t.Errorf("listen: got %q, want %q", got, want)
	}
}

func TestTheEffectiveConfigIsPrinted(t *testing.T) {
	var got strings.Builder
	if err := exampleConfig(t).Print(&got); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/effective.want"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.String(), string(want)); diff != "" {
		t.Errorf("differs (-got +want):\n%s", diff)
	}
	if strings.Contains(got.String(), "hec-token") || strings.Contains(got.String(), "api-key\n") {
		t.Error("a secret is shown")
	}
}

func TestJSONSaysTheSame(t *testing.T) {
	src, err := os.ReadFile("testdata/example.hcl.json")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Env: environment(map[string]string{"SPLUNK_HEC_TOKEN": "x"}), ReadFile: func(string) ([]byte, error) { return []byte("k"), nil }}
	c, diags := LoadSources([]Source{{"pipeline.hcl.json", src}}, testKinds(), o)
	if len(diags) > 0 {
		t.Fatal(textOf(c, diags))
	}
	if got, want := c.Inputs[0].Parser, []ParserRef{{Builtin: "laravel"}, {Address: "regex.gateway"}}; !cmp.Equal(got, want) {
		t.Errorf("parser: %s", cmp.Diff(got, want))
	}
	r := record{"url.path": "/readyz", "service.name": "auth", "message": "login", "labels.retention": "audit"}
	if !c.Enrich[1].Where(r) || c.Enrich[1].Where(record{}) {
		t.Error("where of enrich: got the contrary")
	}
	if !c.Retention.Classes[0].Where(r) || !c.Routes[0].Where(r) {
		t.Error("where of class and route: got false, want true")
	}
	if got := string(c.Outputs[1].Config.(*splunkConfig).Index.Render(nil, r)); got != "rh_audit" {
		t.Errorf("index: got %q, want rh_audit", got)
	}
	v, kind := c.Enrich[0].Set[2].Value.Append(nil, r)
	if string(v) != "auth" || kind != event.String {
		t.Errorf("set: got %q, want auth", v)
	}
	if got, want := c.Routes[0].To, []string{"splunk.audit", "elasticsearch.main"}; !cmp.Equal(got, want) {
		t.Errorf("to: %s", cmp.Diff(got, want))
	}
}

func TestWhatIsDisabledNeedsNoEnvironment(t *testing.T) {
	c := mustLoad(t, `
locals {
  token = env("TOKEN")
}
output "splunk" "a" {
  enabled   = env("ON", "no") == "yes"
  endpoints = ["x"]
  token     = local.token
  index     = "a-${env("INDEX")}"
}`, Options{})
	if c.Outputs[0].Enabled {
		t.Error("got enabled, want disabled")
	}
	for _, part := range []string{"variable TOKEN is not set", "variable INDEX is not set"} {
		wantError(t, `
locals {
  token = env("TOKEN")
}
output "splunk" "a" {
  enabled   = env("ON", "no") == "yes"
  endpoints = ["x"]
  token     = "Bearer ${local.token}"
  index     = "a-${env("INDEX")}"
}`, Options{Env: environment(map[string]string{"ON": "yes"})}, part)
	}
}

func TestWhatIsDisabledIsCheckedAllTheSame(t *testing.T) {
	wantError(t, `
output "splunk" "a" {
  enabled   = false
  endpoints = ["x"]
  token     = "x"
  indx      = "y"
}`, Options{}, `Did you mean "index"?`)
}

func TestAVariableSetToNothingCountsAsNotSet(t *testing.T) {
	c := mustLoad(t, `input "file" "a" { paths = [env("P", "x.log")] }`, Options{Env: environment(map[string]string{"P": ""})})
	if got := c.Inputs[0].Config.(*fileConfig).Paths[0]; got != "x.log" {
		t.Errorf("got %q, want x.log", got)
	}
}

func TestValidateReadsNothing(t *testing.T) {
	c, diags := loadText(`
variable "needed" {}
input "file" "a" {
  paths    = split(",", env("P"))
  start_at = env("START")
  service  = "x-${var.needed}"
}
retention {
  default = env("CLASS")
  class "a" {
    keep = env("KEEP")
  }
  class "b" {
    keep  = "1d"
    where = service.name == file("/x")
  }
}
output "elasticsearch" "b" {
  enabled     = env("P") == "elk"
  endpoints   = [env("P")]
  timeout     = env("TIMEOUT")
  data_stream = env("STREAM")
}
route "all" {
  to = [output.elasticsearch.b]
}
admin {
  listen = env("LISTEN")
  token  = env("TOKEN")
}`, Options{Static: true, Env: func(name string) (string, bool) {
		t.Errorf("environment variable %s was read", name)
		return "", false
	}, ReadFile: func(name string) ([]byte, error) {
		t.Errorf("file %s was read", name)
		return nil, os.ErrNotExist
	}})
	if len(diags) > 0 {
		t.Error(textOf(c, diags))
	}
}

func TestVariables(t *testing.T) {
	text := `
variable "name" { default = "dev" }
variable "count" { default = 2 }
variable "paths" { default = ["a"] }
locals {
  all  = concat(var.paths, [local.last])
  last = "z-${var.name}"
}
input "file" "a" { paths = local.all }
output "elasticsearch" "b" {
  endpoints = ["x"]
  in_flight = var.count
}`
	c := mustLoad(t, text, Options{Vars: map[string]string{"name": "prod", "paths": `["b", "c"]`}, Env: environment(map[string]string{"SLUICE_VAR_count": "7", "SLUICE_VAR_name": "hidden"})})
	if got, want := c.Inputs[0].Config.(*fileConfig).Paths, []string{"b", "c", "z-prod"}; !cmp.Equal(got, want) {
		t.Errorf("paths: %s", cmp.Diff(got, want))
	}
	if got := c.Outputs[0].Config.(*elasticConfig).InFlight; got != 7 {
		t.Errorf("in_flight: got %d, want 7", got)
	}
	wantError(t, text, Options{Vars: map[string]string{"nmae": "x"}}, `Did you mean "name"?`)
	wantError(t, text, Options{Vars: map[string]string{"count": "many"}}, `Wrong value for variable "count"`)
	wantError(t, `variable "x" {}`, Options{}, `Variable "x" has no value`)
}

func TestAFolderIsReadInLexicalOrder(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"20-b.hcl":      `input "file" "b" { paths = ["b"] }`,
		"10-a.hcl":      `input "file" "a" { paths = ["a"] }`,
		"30-c.hcl.json": `{"input": {"file": {"c": {"paths": ["c"]}}}}`,
		"notes.txt":     `no config`,
		".hidden.hcl":   `no config`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, diags := Load([]string{dir}, testKinds(), Options{})
	if diags.HasErrors() {
		t.Fatal(textOf(c, diags))
	}
	var got []string
	for _, in := range c.Inputs {
		got = append(got, in.Name)
	}
	if want := []string{"a", "b", "c"}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, diags := Load([]string{filepath.Join(dir, "none.hcl")}, testKinds(), Options{}); !diags.HasErrors() {
		t.Error("a file that does not exist: got no error")
	}
	if _, diags := Load([]string{t.TempDir()}, testKinds(), Options{}); !diags.HasErrors() {
		t.Error("an empty folder: got no error")
	}
}

func TestMultiline(t *testing.T) {
	c := mustLoad(t, `
input "file" "a" {
  paths = ["x"]
  multiline {
    start     = "^\\d"
    timeout   = "2s"
    max_lines = 100
    max_bytes = "64KiB"
  }
}`, Options{})
	if got, want := c.Inputs[0].Multiline, (&Multiline{Start: `^\d`, Timeout: 2 * time.Second, MaxLines: 100, MaxBytes: 64 << 10}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(got, want))
	}
}

func TestWithoutARetentionBlockThereIsOneClass(t *testing.T) {
	c := mustLoad(t, `input "file" "a" { paths = ["x"] }`, Options{})
	if got := c.Retention; got.Default != "standard" || len(got.Classes) != 1 {
		t.Errorf("got %+v, want one class", got)
	}
}
