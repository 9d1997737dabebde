package elasticsearch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestEndpoints(t *testing.T) {
	withKey := func(c *Config) { c.APIKey = config.NewSecret("k") }
	tests := []struct {
		endpoint string
		change   func(*Config)
		want     string // "" is an error
	}{
		{"localhost:9200", nil, "http://localhost:9200"},
		{"localhost:9200", withKey, "https://localhost:9200"},
		{"http://localhost:9200", withKey, "http://localhost:9200"},
		{"es", nil, "http://es"},
		{" https://es.example/path/ ", nil, "https://es.example/path"},
		{"[::1]:9200", nil, "http://[::1]:9200"},
		{"https://user:canary@es:9200", nil, ""},
		{"ftp://es", nil, ""},
		{"", nil, ""},
		{"https://es/?a=b", nil, ""},
	}
	for _, tt := range tests {
		c := defaults()
		c.Endpoints = []string{tt.endpoint}
		if tt.change != nil {
			tt.change(&c)
		}
		urls, err := c.urls()
		if (err != nil) != (tt.want == "") || err == nil && urls[0].String() != tt.want {
			t.Errorf("%q: got %v, %v, want %q", tt.endpoint, urls, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: the password is shown in %v", tt.endpoint, err)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	tests := map[string]func(*Config, *outputs.Deps){
		"endpoints is empty":     func(c *Config, _ *outputs.Deps) { c.Endpoints = nil },
		"either api_key":         func(c *Config, _ *outputs.Deps) { c.APIKey, c.Username = config.NewSecret("k"), "u" },
		"username is not":        func(c *Config, _ *outputs.Deps) { c.Password = config.NewSecret("p") },
		"bootstrap is":           func(c *Config, _ *outputs.Deps) { c.Bootstrap = "always" },
		"product is":             func(c *Config, _ *outputs.Deps) { c.Product = "solr" },
		"timeout is":             func(c *Config, _ *outputs.Deps) { c.Timeout = 0 },
		"in_flight is":           func(c *Config, _ *outputs.Deps) { c.InFlight = 0 },
		"max_request_size is":    func(c *Config, _ *outputs.Deps) { c.MaxRequestSize = 1 },
		"max_streams is":         func(c *Config, _ *outputs.Deps) { c.MaxStreams = 0 },
		"data_stream holds":      func(c *Config, _ *outputs.Deps) { c.Prefix = "Logs" },
		"prefix holds":           func(c *Config, _ *outputs.Deps) { c.Prefix = "a${message}" },
		"must not begin with":    func(c *Config, _ *outputs.Deps) { c.Prefix = ".hidden" },
		"text of its own":        func(c *Config, _ *outputs.Deps) { c.DataStream = mustTemplate(t, "${service.name}-${retention.class}") },
		"needs ${retention.cla":  func(c *Config, _ *outputs.Deps) { c.DataStream = mustTemplate(t, "logs-${service.name}") },
		"have one stream":        func(_ *Config, d *outputs.Deps) { d.Classes = []outputs.Class{{Name: "a-b"}, {Name: "a_b"}} },
		"set together":           func(c *Config, _ *outputs.Deps) { c.ClientCert = "x" },
		"read ca_file":           func(c *Config, _ *outputs.Deps) { c.CAFile = "/nonexistent/ca.pem" },
		"holds credentials: use": func(c *Config, _ *outputs.Deps) { c.Endpoints = []string{"http://a:b@es"} },
	}
	for want, change := range tests {
		c, d := defaults(), outputtest.Deps(t)
		c.Endpoints = []string{"localhost:9200"}
		change(&c, &d)
		if _, err := open(c, d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	c := defaults()
	c.Endpoints, c.DataStream = []string{"localhost"}, mustTemplate(t, "logs-${service.name}")
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
	c.Endpoints, c.CAFile = []string{"localhost"}, path
	if _, err := open(c, outputtest.Deps(t)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error with the file's name", err)
	}
}
