package config

import (
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/expr"
)

// The kinds of the tests have the shapes of real ones.
type fileConfig struct {
	Paths       []string `hcl:"paths"`
	Exclude     []string `hcl:"exclude,optional"`
	StartAt     string   `hcl:"start_at,optional"`
	IgnoreOlder Duration `hcl:"ignore_older,optional"`
	MaxLineSize Size     `hcl:"max_line_size,optional"`
}

func (c *fileConfig) Validate() []Problem {
	if c.StartAt != "beginning" && c.StartAt != "end" {
		return []Problem{{Attr: "start_at", Summary: "Wrong value for start_at", Detail: `It can be "beginning" or "end".`}}
	}
	return nil
}

type stdoutConfig struct {
	Command []string `hcl:"command"`
}

type regexConfig struct {
	Pattern   string     `hcl:"pattern"`
	Timestamp *timestamp `hcl:"timestamp,optional"`
}

type timestamp struct {
	Field  string `hcl:"field"`
	Layout string `hcl:"layout,optional"`
}

type elasticConfig struct {
	Endpoints  []string       `hcl:"endpoints"`
	APIKey     Secret         `hcl:"api_key,optional"`
	DataStream *expr.Template `hcl:"data_stream,optional"`
	Timeout    Duration       `hcl:"timeout,optional"`
	InFlight   int            `hcl:"in_flight,optional"`
	TLS        *tlsConfig     `hcl:"tls,block"`
}

type tlsConfig struct {
	CAFile     string `hcl:"ca_file"`
	SkipVerify bool   `hcl:"skip_verify,optional"`
}

func (c elasticConfig) Validate() []Problem {
	if len(c.Endpoints) == 0 {
		return []Problem{{Attr: "endpoints", Summary: "No endpoint", Detail: "Name one at least."}}
	}
	return nil
}

func (c elasticConfig) CheckClasses(classes []string) []Problem {
	if c.DataStream != nil && c.DataStream.Known() && len(classes) > 1 && !c.DataStream.Reads("labels.retention") {
		return []Problem{{Attr: "data_stream", Summary: "All classes in one data stream", Detail: "Put ${retention.class} into its name."}}
	}
	return nil
}

type splunkConfig struct {
	Endpoints []string       `hcl:"endpoints"`
	Token     Secret         `hcl:"token"`
	Index     *expr.Template `hcl:"index,optional"`
}

type emptyConfig struct{}

func kindOf1[T any](defaults T) Kind { return Kind{New: func() any { c := defaults; return &c }} }

func testKinds() Kinds {
	elastic := kindOf1(elasticConfig{InFlight: 2})
	elastic.Wraps = true
	return Kinds{
		Inputs: map[string]Kind{"file": kindOf1(fileConfig{StartAt: "beginning"}), "stdout": kindOf1(stdoutConfig{})},
		Parsers: map[string]Kind{
			"regex": kindOf1(regexConfig{}), "auto": kindOf1(emptyConfig{}), "json": kindOf1(emptyConfig{}), "laravel": kindOf1(emptyConfig{}), "raw": kindOf1(emptyConfig{}),
		},
		Outputs: map[string]Kind{
			"elasticsearch": elastic, "splunk": kindOf1(splunkConfig{}), "console": kindOf1(emptyConfig{}),
		},
	}
}

func loadText(text string, o Options) (*Config, hcl.Diagnostics) {
	return LoadSources([]Source{{"pipeline.hcl", []byte(text)}}, testKinds(), o)
}

func textOf(c *Config, diags hcl.Diagnostics) string {
	var b strings.Builder
	c.Write(&b, diags, false)
	return b.String()
}

func TestTheExampleOfTheLanguageIsValid(t *testing.T) {
	src, err := os.ReadFile("testdata/example.hcl")
	if err != nil {
		t.Fatal(err)
	}
	c, diags := loadText(string(src), Options{Static: true})
	if len(diags) > 0 {
		t.Fatal(textOf(c, diags))
	}
}
