package splunk

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestSettingsThatAreWrong(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"no endpoints":                         {func(c *Config) { c.Endpoints = nil }, "at least one address"},
		"no token":                             {func(c *Config) { c.Token = config.Secret{} }, "token is empty"},
		"another ack":                          {func(c *Config) { c.Ack = "true" }, `It can be "auto", "required" or "off"`},
		"another way with long documents":      {func(c *Config) { c.OnLongEvent = "drop" }, `It can be "cut" or "dead_letter"`},
		"a short timeout":                      {func(c *Config) { c.Timeout = 1 }, "1s"},
		"a short time for acknowledgement":     {func(c *Config) { c.AckTimeout = 1 }, "1s"},
		"small requests":                       {func(c *Config) { c.MaxRequestSize = 1 }, "64KiB or more"},
		"documents longer than allowed":        {func(c *Config) { c.MaxEventSize = 1 << 20 }, "must not be less than max_request_size"},
		"acknowledgement by nobody knows whom": {func(c *Config) { c.Endpoints = endpoints.At("dns+https://splunk:8088") }, "List the indexers"},
		"no requests":                          {func(c *Config) { c.InFlight = 0 }, "1 to 256"},
		"too many that wait":                   {func(c *Config) { c.Unacked = 1000 }, "0 to 256"},
		"no names":                             {func(c *Config) { c.MaxNames = 0 }, "1 to 10000"},
		"a field that is none":                 {func(c *Config) { c.Fields = []string{`a"b`} }, "cannot be the name"},
		"a field that is ours":                 {func(c *Config) { c.Fields = []string{idField} }, "cannot be the name"},
		"an index of capitals":                 {func(c *Config) { c.Index = template(t, "Main") }, "lower-case letters"},
		"an index of Splunk's own":             {func(c *Config) { c.Index = template(t, "_internal") }, "Splunk's own"},
		"an index with its word":               {func(c *Config) { c.Index = template(t, "a_kvstore") }, "kvstore"},
		"an index that events name":            {func(c *Config) { c.Index = template(t, "${service.name}_x") }, "text of its own"},
		"an index that is empty":               {func(c *Config) { c.Index = template(t, "") }, "It is empty"},
		"a map to an index that is none":       {func(c *Config) { c.Indexes = map[string]string{"audit": "a.b"} }, "lower-case letters"},
		"a map of a class that is not there":   {func(c *Config) { c.Indexes = map[string]string{"adit": "a"} }, "no retention class"},
		"a long index":                         {func(c *Config) { c.Indexes = map[string]string{"audit": strings.Repeat("a", 81)} }, "more than 80 bytes"},
		"a file that is not there":             {func(c *Config) { c.CAFile = "/nonexistent/ca.pem" }, "ca_file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := defaults()
			c.Endpoints, c.Token = endpoints.At("127.0.0.1:1"), config.NewSecret(testToken)
			tt.change(&c)
			d := outputs.Deps{Name: "test.main", Logger: slog.New(slog.DiscardHandler), Now: time.Now, Classes: outputtest.Classes()}
			if _, err := open(c, d); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	openOffline(t, func(c *Config) { c.Index = template(t, "${retention.class}") }) // classes are the config's
}

// A request that waits holds its memory: their number is its bound.
func TestWhatIsHeldIsBounded(t *testing.T) {
	o := openOffline(t, nil)
	if got := o.Limits(); got.InFlight != 18 || got.Bytes != 2<<20 {
		t.Errorf("got %+v, want 2 and 16 requests of 2 MiB", got)
	}
	if got := openOffline(t, func(c *Config) { c.Ack = ackOff }).Limits().InFlight; got != 2 {
		t.Errorf("without acknowledgement: got %d requests, want 2", got)
	}
}
