package elasticsearch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestAnEndpointWithoutASchemeIsHTTPSOnceThereAreCredentials(t *testing.T) {
	for want, c := range map[string]Config{
		"http":  {},
		"https": {APIKey: config.NewSecret("k")},
	} {
		if got := c.schemes()[0]; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	tests := map[string]func(*Config, *outputs.Deps){
		"endpoints: The output needs": func(c *Config, _ *outputs.Deps) { c.Endpoints = nil },
		"Set either api_key":          func(c *Config, _ *outputs.Deps) { c.APIKey, c.Username = config.NewSecret("k"), "u" },
		"username is not":             func(c *Config, _ *outputs.Deps) { c.Password = config.NewSecret("p") },
		"bootstrap: It can":           func(c *Config, _ *outputs.Deps) { c.Bootstrap = "always" },
		"product: It can":             func(c *Config, _ *outputs.Deps) { c.Product = "solr" },
		"timeout: It is":              func(c *Config, _ *outputs.Deps) { c.Timeout = 0 },
		"in_flight: It is":            func(c *Config, _ *outputs.Deps) { c.InFlight = 0 },
		"max_request_size: It":        func(c *Config, _ *outputs.Deps) { c.MaxRequestSize = 1 },
		"max_streams: It is":          func(c *Config, _ *outputs.Deps) { c.MaxStreams = 0 },
		"data_stream holds":           func(c *Config, _ *outputs.Deps) { c.Prefix = "Logs" },
		"prefix holds":                func(c *Config, _ *outputs.Deps) { c.Prefix = "a${message}" },
		"must not begin with":         func(c *Config, _ *outputs.Deps) { c.Prefix = ".hidden" },
		"text of its own":             func(c *Config, _ *outputs.Deps) { c.DataStream = mustTemplate(t, "${service.name}-${retention.class}") },
		"needs ${retention.cla":       func(c *Config, _ *outputs.Deps) { c.DataStream = mustTemplate(t, "logs-${service.name}") },
		"have one stream":             func(_ *Config, d *outputs.Deps) { d.Classes = []outputs.Class{{Name: "a-b"}, {Name: "a_b"}} },
		"set together":                func(c *Config, _ *outputs.Deps) { c.ClientCert = "x" },
		"read ca_file":                func(c *Config, _ *outputs.Deps) { c.CAFile = "/nonexistent/ca.pem" },
		"holds credentials":           func(c *Config, _ *outputs.Deps) { c.Endpoints = endpoints.At("http://a:b@es") },
	}
	for want, change := range tests {
		c, d := defaults(), outputtest.Deps(t)
		c.Endpoints = endpoints.At("localhost:9200")
		change(&c, &d)
		if _, err := open(c, d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	c := defaults()
	c.Endpoints, c.DataStream = endpoints.At("localhost"), mustTemplate(t, "logs-${service.name}")
	d := outputtest.Deps(t)
	d.Classes = []outputs.Class{{Name: "a", Keep: time.Hour}, {Name: "b", Keep: time.Hour}}
	if _, err := open(c, d); err != nil {
		t.Errorf("classes of one time need no class in the name: %v", err)
	}
}

func TestARotatedCertificateAuthorityFileIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, []byte("not PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := defaults()
	c.Endpoints, c.CAFile = endpoints.At("localhost"), path
	if _, err := open(c, outputtest.Deps(t)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error with the file's name", err)
	}
}
