package endpoints

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/config"
)

// load reads the block of an output that has nothing but a group.
func load(name, text string) (*Config, string) {
	kinds := config.Kinds{Outputs: map[string]config.Kind{"http": {New: func() any { c := Defaults(); return &c }}}}
	c, diags := config.LoadSources([]config.Source{{Name: name, Text: []byte(text)}}, kinds, config.Options{})
	diags = slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool { return d.Severity == hcl.DiagWarning }) // it has no input
	var b strings.Builder
	_ = c.Write(&b, diags, false) // a Builder never fails
	if len(c.Outputs) == 0 {
		return nil, b.String()
	}
	return c.Outputs[0].Config.(*Config), b.String()
}

func TestSettingsOfAGroup(t *testing.T) {
	want := Defaults()
	want.Endpoints = []Address{{URL: "https://a:9200"}, {URL: "b", Weight: 2}, {URL: "srv+https://_es._tcp.c", Standby: true}}
	want.Balance, want.InFlight = balanceHash, 8
	want.HealthCheck.Interval = config.Duration(10 * time.Second)
	want.Breaker.Failures = 3
	for name, text := range map[string]string{
		"pipeline.hcl": `output "http" "a" {
  endpoints = ["https://a:9200", { url = "b", weight = 2 }, { url = "srv+https://_es._tcp.c", standby = true }]
  balance   = "hash"
  in_flight = 8
  health_check {
    interval = "10s"
  }
  breaker {
    failures = 3
  }
}`,
		"pipeline.hcl.json": `{"output": {"http": {"a": {
  "endpoints": ["https://a:9200", {"url": "b", "weight": 2}, {"url": "srv+https://_es._tcp.c", "standby": true}],
  "balance": "hash", "in_flight": 8, "health_check": {"interval": "10s"}, "breaker": {"failures": 3}
}}}}`,
	} {
		got, said := load(name, text)
		if said != "" {
			t.Errorf("%s: %s", name, said)
		}
		if diff := cmp.Diff(&want, got, cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWrongSettingsAreShownInTheirPlace(t *testing.T) {
	tests := []struct{ body, want, at string }{
		{``, "No endpoints", `output "http" "a"`},
		{`endpoints = []`, "No endpoints", `endpoints = []`},
		{`endpoints = ["ftp://a"]`, "begins with ftp://: it can be https:// or http://", `"ftp://a"`},
		{`endpoints = ["a", "https://"]`, "It names no host", `"https://"`},
		{`endpoints = ["a", "http://[::1"]`, "It is no URL", `"http://[::1"`},
		{`endpoints = ["https://u:canary@a"]`, "holds credentials", `"https://u:******@a"`},
		{`endpoints = ["https://a?b=c"]`, "must end with its path", `"https://a?b=c"`},
		{`endpoints = ["https://a:0"]`, "port must be 1 to 65535", `"https://a:0"`},
		{`endpoints = ["srv+https://a:1"]`, "SRV records say it", `"srv+https://a:1"`},
		{`endpoints = [{ url = "a", weight = 5000 }]`, "Weight is 5000", `{ url = "a", weight = 5000 }`},
		{`endpoints = [{ url = "a", standby = true }]`, "All of them are standbys", `[{ url = "a", standby = true }]`},
		{`endpoints = ["a", "https://a/"]`, "stands there twice", `"https://a/"`},
		{`balance = "random"`, `It can be "round_robin"`, `"random"`},
		{`timeout = "10ms"`, `It must be "1s" or more`, `"10ms"`},
		{`in_flight = 0`, "It can be 1 to 256", `0`},
		{`min_in_flight = 3`, "It can be 1 to in_flight, which is 2", `3`},
		{`rate_limit = -1`, "or 0 for no limit", `-1`},
		{`bandwidth_limit = "1B"`, "1KiB or more", `"1B"`},
		{`client_cert = "a"`, "must be set together", `"a"`},
		{`proxy = "ftp://u:canary@a"`, "A proxy begins with", `"****************"`},
		{`health_check { interval = "10ms" }`, `It must be "1s" or more`, `"10ms"`},
		{`breaker { cool_down = "1m" }`, "max_cool_down is 15s", `"1m"`},
		{`breaker { max_cool_down = "100ms" }`, "cool_down is 1s", `"100ms"`},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			text := "output \"http\" \"a\" {\n"
			if tt.body != "" && !strings.HasPrefix(tt.body, "endpoints") {
				text += "endpoints = [\"ok\"]\n"
			}
			_, got := load("p.hcl", text+tt.body+"\n}")
			if strings.Count(got, "Error:") != 1 || !strings.Contains(got, tt.want) || strings.Contains(got, "canary") {
				t.Fatalf("got %s, want one error with %q", got, tt.want)
			}
			lines := strings.Split(got, "\n")
			for i, line := range lines {
				mark := strings.IndexByte(line, '^')
				if mark >= 0 && lines[i-1][mark:min(len(lines[i-1]), mark+strings.Count(line, "^"))] == tt.at {
					return
				}
			}
			if !strings.Contains(got, tt.at) {
				t.Errorf("got %s, want %q underlined", got, tt.at)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	tests := []struct{ text, scheme, want string }{
		{"localhost:9200", "http", "http localhost:9200"},
		{"localhost:9200", "https", "https localhost:9200"},
		{"http://localhost:9200", "https", "http localhost:9200"},
		{"es", "http", "http es:80"},
		{" https://es.example/path/ ", "http", "https es.example:443/path"},
		{"[::1]:9200", "http", "http [::1]:9200"},
		{"dns+https://es", "http", "https dns+es:443"},
		{"dns+es:1", "http", "http dns+es:1"},
		{"srv+_es._tcp.test", "http", "http srv+_es._tcp.test"},
	}
	for _, tt := range tests {
		got, err := Address{URL: tt.text}.parse([]string{tt.scheme, "http", "https"}, "")
		if text := got.scheme + " " + got.name(); err != nil || text != tt.want {
			t.Errorf("%q: got %q, %v, want %q", tt.text, text, err, tt.want)
		}
	}
	if _, err := (Address{URL: "logstash"}).parse([]string{"tcp"}, ""); err == nil {
		t.Error("TCP without a port: got no error")
	}
	if got, err := (Address{URL: "logstash"}).parse([]string{"tcp"}, "5044"); err != nil || got.hostPort() != "logstash:5044" {
		t.Errorf("TCP with a usual port: got %v, %v", got, err)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("https://user:canary@host:9200/path?x#y")
	f.Add("srv+https://_es._tcp.name")
	f.Add("dns+[::1]:9200")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Address{URL: text}.parse([]string{"https", "http", "tcp"}, "5044")
		switch {
		case err == nil && (got.host == "" || got.port == "" && got.discovery != bySRV):
			t.Errorf("%q: got %+v, without a place to go to", text, got)
		case err != nil && strings.Contains(text, ":canary@") && strings.Contains(err.Error(), "canary@"):
			t.Errorf("%q: the password is shown in %v", text, err)
		}
	})
}
