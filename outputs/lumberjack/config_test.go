package lumberjack

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/config"
)

func TestEndpoints(t *testing.T) {
	for _, tt := range []struct {
		text   string
		secure bool
		want   string // "" is an error
		tls    bool
	}{
		{"logstash", false, "logstash:5044", false},
		{"logstash", true, "logstash:5044", true},
		{" logstash:5045 ", false, "logstash:5045", false},
		{"tls://logstash", false, "logstash:5044", true},
		{"tcp://logstash:1", true, "logstash:1", false},
		{"[::1]", false, "[::1]:5044", false},
		{"[::1]:5", false, "[::1]:5", false},
		{"", false, "", false},
		{"tls://", false, "", false},
		{":5044", false, "", false},
		{"logstash:", false, "", false},
		{"http://logstash", false, "", false},
		{"user:canary@logstash:5044", false, "", false},
		{"logstash/path", false, "", false},
		{"::1", false, "", false},
	} {
		e, err := parseEndpoint(tt.text, tt.secure)
		if (err != nil) != (tt.want == "") {
			t.Errorf("%q: got %v, want %q", tt.text, err, tt.want)
		}
		if err == nil && (e.address() != tt.want || e.tls != tt.tls) {
			t.Errorf("%q: got %s with TLS %t, want %s with %t", tt.text, e.address(), e.tls, tt.want, tt.tls)
		}
	}
}

func TestProblems(t *testing.T) {
	c := defaults()
	c.Endpoints = []string{"a", "b:1"}
	if got := c.Validate(); len(got) > 0 {
		t.Errorf("the defaults: got %v, want no problem", got)
	}
	c = Config{Endpoints: []string{"ftp://a"}, ClientCert: "x", CompressionLevel: 10, Timeout: 1, MaxRequestSize: 1}
	var got []string
	for _, p := range c.Validate() {
		got = append(got, p.Attr)
	}
	want := []string{"endpoints", "client_cert", "timeout", "compression_level", "max_window", "pipelining", "in_flight", "max_request_size"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
	var _ config.Validator = c
}
