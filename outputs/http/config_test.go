package http

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
)

// loadConfig reads the http output of a config.
func loadConfig(t *testing.T, text string) *Config {
	t.Helper()
	loaded, diags := config.LoadSources(
		[]config.Source{{Name: "test.hcl", Text: []byte(text)}},
		config.Kinds{Outputs: map[string]config.Kind{"http": {New: Type.Config}}},
		config.Options{ReadFile: os.ReadFile})
	if diags.HasErrors() || len(loaded.Outputs) != 1 {
		t.Fatalf("load: %v", diags)
	}
	return loaded.Outputs[0].Config.(*Config)
}

func TestProblems(t *testing.T) {
	fine := defaults()
	fine.Endpoints = endpoints.At("https://a.example/x", " http://[::1]:8080 ")
	fine.Path = "/y/"
	fine.Headers = map[string]config.Secret{"X-Key": config.NewSecret("a b\tc"), "Authorization": config.NewSecret("Api x")}
	if got := fine.Validate(); len(got) > 0 {
		t.Errorf("got %v, want no problem", got)
	}
	for _, tt := range []struct {
		name, attr string
		change     func(*Config)
	}{
		{"no endpoint", "endpoints", func(c *Config) { c.Endpoints = nil }},
		{"another scheme", "endpoints[0]", func(c *Config) { c.Endpoints = endpoints.At("ftp://a.example/x") }},
		{"no host", "endpoints[0]", func(c *Config) { c.Endpoints = endpoints.At("https:///x") }},
		{"credentials", "endpoints[0]", func(c *Config) { c.Endpoints = endpoints.At("https://u:canary@a.example") }},
		{"a fragment", "endpoints[0]", func(c *Config) { c.Endpoints = endpoints.At("https://a.example/#canary") }},
		{"no URL", "endpoints[0]", func(c *Config) { c.Endpoints = endpoints.At("https://canary\x7f") }},
		{"a path with a query", "path", func(c *Config) { c.Path = "/x?canary=1" }},
		{"a path without a slash", "path", func(c *Config) { c.Path = "x" }},
		{"method", "method", func(c *Config) { c.Method = "GET" }},
		{"format", "format", func(c *Config) { c.Format = "xml" }},
		{"compression", "compression", func(c *Config) { c.Compression = "br" }},
		{"a header with a space", "headers", func(c *Config) { c.Headers = map[string]config.Secret{"X Y": {}} }},
		{"a header with a line end", "headers", func(c *Config) { c.Headers = map[string]config.Secret{"X": config.NewSecret("canary\r\nY: z")} }},
		{"a header of ours", "headers", func(c *Config) { c.Headers = map[string]config.Secret{"content-type": {}} }},
		{"the length", "headers", func(c *Config) { c.Headers = map[string]config.Secret{"Content-length": {}} }},
		{"two credentials", "headers", func(c *Config) { c.Token = config.NewSecret("t") }},
		{"token and user", "token", func(c *Config) { c.Headers = nil; c.Token = config.NewSecret("t"); c.Username = "u" }},
		{"a token with a line end", "token", func(c *Config) { c.Headers = nil; c.Token = config.NewSecret("canary\n") }},
		{"a password alone", "password", func(c *Config) { c.Password = config.NewSecret("canary") }},
		{"half a certificate", "client_cert", func(c *Config) { c.ClientKey = "x" }},
		{"status", "status", func(c *Config) { c.Status = &Statuses{Poison: []string{"x"}} }},
		{"timeout", "timeout", func(c *Config) { c.Timeout = 1 }},
		{"max_request_size", "max_request_size", func(c *Config) { c.MaxRequestSize = 1 }},
		{"max_documents", "max_documents", func(c *Config) { c.MaxDocuments = -1 }},
		{"in_flight", "in_flight", func(c *Config) { c.InFlight = 0 }},
	} {
		c := fine
		tt.change(&c)
		var attrs []string
		for _, p := range c.Validate() {
			attrs = append(attrs, p.Attr)
			if strings.Contains(p.Summary+p.Detail, "canary") {
				t.Errorf("%s: %q shows a secret", tt.name, p.Detail)
			}
		}
		if diff := cmp.Diff(attrs, []string{tt.attr}); diff != "" {
			t.Errorf("%s: problems (-got +want):\n%s", tt.name, diff)
		}
	}
}

func TestTheConfigIsRead(t *testing.T) {
	c := loadConfig(t, `
output "http" "x" {
  endpoints        = ["https://a.example"]
  headers          = { "X-Key" = "canary", Accept = "text/plain" }
  status           = { poison = ["422"], success = ["409"] }
  max_request_size = "1MiB"
}`)
	if got := c.Headers["X-Key"].Reveal(); got != "canary" {
		t.Errorf("header: got %q", got)
	}
	if diff := cmp.Diff(c.Status, &Statuses{Poison: []string{"422"}, Success: []string{"409"}}); diff != "" {
		t.Errorf("status (-got +want):\n%s", diff)
	}
	if c.Compression != compressionGzip || c.MaxRequestSize != 1<<20 {
		t.Errorf("got %s and %v", c.Compression, c.MaxRequestSize)
	}
}

func FuzzStatuses(f *testing.F) {
	for _, text := range []string{"404", "500-599", "5xx", "1-2", "-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseStatuses(text)
		if err == nil && (r.first < 100 || r.last > 599 || r.first > r.last) {
			t.Errorf("%q: got %d to %d", text, r.first, r.last)
		}
	})
}
