package cloudwatch

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func find(t *testing.T, b *bench, step, detail string) (outputs.Finding, bool) {
	t.Helper()
	list := b.Check(t.Context())
	for _, f := range list {
		if f.Status != outputs.CheckPassed && f.Hint == "" {
			t.Errorf("%+v has no hint", f)
		}
		if f.Step == step && strings.Contains(f.Detail, detail) {
			return f, true
		}
	}
	t.Logf("findings: %+v", list)
	return outputs.Finding{}, false
}

func TestChecks(t *testing.T) {
	tests := []struct {
		name         string
		change       func(*Config, *cwsim.Options)
		arrange      func(b *bench)
		step, detail string
		want         outputs.CheckStatus
	}{
		{"credentials are found", nil, nil, "credentials", "EnvConfigCredentials, region eu-west-1", outputs.CheckPassed},
		{"the service is reached", nil, nil, "connect", "127.0.0.1", outputs.CheckPassed},
		{"without encryption", nil, nil, "tls", "without encryption", outputs.CheckWarned},
		{"all rights", nil, nil, "rights", "may logs:PutLogEvents", outputs.CheckPassed},
		{"a wrong secret", func(_ *Config, s *cwsim.Options) { s.Secret = "other" }, nil, "log in", "InvalidSignature", outputs.CheckFailed},
		{"a group of one name", func(c *Config, _ *cwsim.Options) { c.LogGroup = mustTemplate(t, "/all-${retention.class}") }, func(b *bench) {
			b.sim.Make("/all-audit", 400)
		}, "rights", "may logs:PutLogEvents", outputs.CheckPassed},
		{"no right to send", func(_ *Config, s *cwsim.Options) { s.Denied = []string{"PutLogEvents"} }, nil, "rights", "AccessDenied", outputs.CheckFailed},
		{"no right to make streams", func(_ *Config, s *cwsim.Options) { s.Denied = []string{"CreateLogStream"} }, nil, "rights", "AccessDenied", outputs.CheckFailed},
		{"no right to set retention", func(_ *Config, s *cwsim.Options) { s.Denied = []string{"PutRetentionPolicy"} }, nil, "rights", "may not logs:PutRetentionPolicy", outputs.CheckWarned},
		{"no right to look", func(_ *Config, s *cwsim.Options) { s.Denied = []string{"DescribeLogGroups"} }, nil, "retention", "AccessDenied", outputs.CheckWarned},
		{"retention is as it should be", nil, nil, "retention", "keep what their classes say", outputs.CheckPassed},
		{"a policy of the account", nil, func(b *bench) {
			b.sim.Make("/sluice/a/audit", 400)
			b.sim.SetPolicies(cwsim.AccountPolicy{Name: "cap", Days: 30})
		}, "retention", "keeps 30 days, class audit says 400 days: the account's retention policy cap decides", outputs.CheckWarned},
		{"no way", func(c *Config, _ *cwsim.Options) { c.Endpoints = []string{"http://127.0.0.1:1"} }, nil, "connect", "refused", outputs.CheckFailed},
		{"a proxy", nil, func(b *bench) {
			b.http.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(b.url) } // the service itself will do
		}, "connect", "through the proxy 127.0.0.1", outputs.CheckPassed},
		{"no credentials", nil, func(b *bench) { b.config.Profile = "missing" }, "credentials", "missing", outputs.CheckFailed},
		{"a clock that is off", nil, func(b *bench) {
			b.now = func() time.Time { return noon.Add(-5 * time.Minute) }
		}, "clock", "5m0s ahead", outputs.CheckWarned},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), tt.change)
			if tt.arrange != nil {
				tt.arrange(b)
			}
			got, ok := find(t, b, tt.step, tt.detail)
			if !ok || got.Status != tt.want {
				t.Errorf("%s: got %+v, want %v with %q", tt.step, got, tt.want, tt.detail)
			}
			if days := b.sim.Groups()["/all-audit"].Days; days != 0 && days != 400 {
				t.Errorf("the check changed a retention to %d days", days)
			}
			for _, e := range b.sim.Groups() {
				if len(e.Streams) > 0 {
					t.Errorf("the check made streams: %v", e.Streams)
				}
			}
			if got := len(b.sim.Events()); got > 0 {
				t.Errorf("the check stored %d events", got)
			}
		})
	}
}
