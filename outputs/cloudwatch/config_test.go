package cloudwatch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestSettingsAreChecked(t *testing.T) {
	tests := map[string]func(*Config, *outputs.Deps){
		"endpoints holds more":     func(c *Config, _ *outputs.Deps) { c.Endpoints = []string{"http://a", "http://b"} },
		"an endpoint is no URL":    func(c *Config, _ *outputs.Deps) { c.Endpoints = []string{"localhost:5000"} },
		"holds credentials":        func(c *Config, _ *outputs.Deps) { c.Endpoints = []string{"http://a:canary@b"} },
		"bootstrap is":             func(c *Config, _ *outputs.Deps) { c.Bootstrap = "always" },
		"log_group_class is":       func(c *Config, _ *outputs.Deps) { c.LogGroupClass = "delivery" },
		"on_large is":              func(c *Config, _ *outputs.Deps) { c.OnLarge = "drop" },
		"max_streams is":           func(c *Config, _ *outputs.Deps) { c.MaxStreams = 0 },
		"max_spread is":            func(c *Config, _ *outputs.Deps) { c.MaxSpread = 0 },
		"in_flight is":             func(c *Config, _ *outputs.Deps) { c.InFlight = 0 },
		"max_event_size is":        func(c *Config, _ *outputs.Deps) { c.MaxEventSize = 1 << 20 },
		"timeout is":               func(c *Config, _ *outputs.Deps) { c.Timeout = 0 },
		"external_id without":      func(c *Config, _ *outputs.Deps) { c.ExternalID = "x" },
		"begin with text of its":   func(c *Config, _ *outputs.Deps) { c.LogGroup = mustTemplate(t, "${service.name}/${retention.class}") },
		"must not begin with aws/": func(c *Config, _ *outputs.Deps) { c.LogGroup = mustTemplate(t, "aws/${retention.class}") },
		"log_group holds":          func(c *Config, _ *outputs.Deps) { c.LogGroup = mustTemplate(t, "a b/${retention.class}") },
		"log_stream holds":         func(c *Config, _ *outputs.Deps) { c.LogStream = mustTemplate(t, "a:${host.name}") },
		"log_stream is empty":      func(c *Config, _ *outputs.Deps) { c.LogStream = mustTemplate(t, "") },
		"prefix holds":             func(c *Config, _ *outputs.Deps) { c.Prefix = "/a${message}" },
		"needs ${retention.cla":    func(c *Config, _ *outputs.Deps) { c.LogGroup = mustTemplate(t, "/all") },
		"have one log group": func(_ *Config, d *outputs.Deps) {
			d.Classes = []outputs.Class{{Name: "a/b", Keep: day}, {Name: "a_b", Keep: 30 * day}}
		},
		"read ca_file": func(c *Config, _ *outputs.Deps) { c.CAFile = "/nonexistent/ca.pem" },
		"More than 50 tags": func(c *Config, _ *outputs.Deps) {
			c.Tags = map[string]string{}
			for i := range 51 {
				c.Tags[fmt.Sprint(i)] = ""
			}
		},
	}
	for want, change := range tests {
		c, d := defaults(), outputtest.Deps(t)
		change(&c, &d)
		_, err := open(c, d)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("a password is shown: %v", err)
		}
	}
	c := defaults()
	c.LogGroup = mustTemplate(t, "/all")
	d := outputtest.Deps(t)
	d.Classes = []outputs.Class{{Name: "a", Keep: 25 * day}, {Name: "b", Keep: 30 * day}}
	if _, err := open(c, d); err != nil {
		t.Errorf("classes that are kept for the same days need no groups of their own: %v", err)
	}
	if got := c.CheckClasses([]string{"a", "b"}); len(got) != 1 || !got[0].Warning {
		t.Errorf("check of classes: got %+v, want a warning", got)
	}
}

func TestDefaultsAreRight(t *testing.T) {
	c := defaults()
	if got := c.Validate(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	if c.Timeout.Std() != 30*time.Second {
		t.Errorf("timeout: got %v", c.Timeout)
	}
}
