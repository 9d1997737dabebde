package splunk

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/hecsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// steps are the findings of a check in short.
func steps(o *Output, t *testing.T) []string {
	t.Helper()
	list := []string{}
	for _, f := range o.Check(t.Context()) {
		if f.Detail == "" || f.Status == outputs.CheckFailed && f.Hint == "" && f.Step != "health" {
			t.Errorf("finding %+v says too little", f)
		}
		list = append(list, fmt.Sprintf("%s %s", f.Step, f.Status))
	}
	return list
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		change func(*Config, *hecsim.Options)
		want   []string
	}{
		"all is well":                          {withAcks, []string{"resolve ok", "connect ok", "health ok", "clock ok", "log in ok", "acknowledgement ok", "index ok"}},
		"no acknowledgement":                   {nil, []string{"resolve ok", "connect ok", "health ok", "clock ok", "log in ok", "acknowledgement warn", "index ok"}},
		"no acknowledgement, which is wrong":   {func(c *Config, _ *hecsim.Options) { c.Ack = ackRequired }, []string{"resolve ok", "connect ok", "health ok", "clock ok", "log in ok", "acknowledgement fail", "index ok"}},
		"no acknowledgement, which is right":   {func(c *Config, _ *hecsim.Options) { c.Ack = ackOff }, []string{"resolve ok", "connect ok", "health ok", "clock ok", "log in ok", "acknowledgement ok", "index ok"}},
		"acknowledgement that nobody asks for": {func(c *Config, s *hecsim.Options) { withAcks(c, s); c.Ack = ackOff }, []string{"resolve ok", "connect ok", "health ok", "clock ok", "log in ok", "acknowledgement warn", "index ok"}},
		"an index":                             {func(c *Config, s *hecsim.Options) { withAcks(c, s); c.Index = template(t, "rh_${retention.class}") }, []string{"resolve ok", "connect ok", "health ok", "clock ok", "log in ok", "acknowledgement ok", "index ok"}},
		"a wrong token":                        {func(_ *Config, s *hecsim.Options) { s.Tokens = nil }, []string{"resolve ok", "connect ok", "health ok", "clock ok", "log in fail", "index ok"}},
		"a disabled token":                     {func(_ *Config, s *hecsim.Options) { s.Tokens = map[string]hecsim.Token{testToken: {Disabled: true}} }, []string{"resolve ok", "connect ok", "health ok", "clock ok", "log in fail", "index ok"}},
		"full queues":                          {func(c *Config, s *hecsim.Options) { withAcks(c, s); s.Unhealthy = 18 }, []string{"resolve ok", "connect ok", "health warn", "clock ok", "log in ok", "acknowledgement ok", "index ok"}},
		"nobody listens":                       {func(c *Config, _ *hecsim.Options) { c.Endpoints = endpoints.At("http://127.0.0.1:1") }, []string{"resolve ok", "connect fail", "index ok"}},
		"no such name":                         {func(c *Config, _ *hecsim.Options) { c.Endpoints = endpoints.At("http://nowhere.invalid:1") }, []string{"resolve fail", "index ok"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), tt.change)
			if diff := cmp.Diff(tt.want, steps(b.Output, t)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if n := len(b.docs()); n != 0 {
				t.Errorf("the check has stored %d documents", n)
			}
		})
	}
}

func TestCheckOfTLS(t *testing.T) {
	sim := hecsim.New(hecsim.Options{Tokens: map[string]hecsim.Token{testToken: {Acks: true}}})
	server := httptest.NewTLSServer(sim)
	t.Cleanup(server.Close)
	plain := httptest.NewServer(sim)
	t.Cleanup(plain.Close)
	check := func(endpoint string, skip bool) []string {
		o := closed(t, openOffline(t, func(c *Config) { c.Endpoints, c.TLSSkipVerify = endpoints.At(endpoint), skip }))
		return steps(o, t)[2:]
	}
	if diff := cmp.Diff([]string{"tls fail", "index ok"}, check(server.URL, false)); diff != "" {
		t.Errorf("an authority that is not known (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"tls warn", "health ok", "clock ok", "log in ok", "acknowledgement ok", "index ok"}, check(server.URL, true)); diff != "" {
		t.Errorf("not verified (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"tls fail", "index ok"}, check(strings.Replace(plain.URL, "http:", "https:", 1), false)); diff != "" {
		t.Errorf("no TLS (-want +got):\n%s", diff)
	}
}

func TestCheckOfAClockThatIsWrong(t *testing.T) {
	o := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	}, nil)
	if got := steps(o, t); !strings.Contains(strings.Join(got, ","), "clock warn") {
		t.Errorf("got %v, want a warning of the clock", got)
	}
}

func TestRetentionPlan(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		want   []string // index, and a part of the warning, by class
	}{
		"an index for each":   {func(c *Config) { c.Index = template(t, "rh_${retention.class}") }, []string{"rh_audit = 34560000 under [rh_audit]", "rh_debug = 259200 under", "rh_standard = 2592000 under"}},
		"by service too":      {func(c *Config) { c.Index = template(t, "rh-${service.name}-${retention.class}") }, []string{"rh-*-audit = 34560000", "rh-*-debug = 259200", "rh-*-standard = 2592000"}},
		"the default index":   {nil, []string{"(default) = 34560000 under the section", "(default) share this index", "(default) share this index"}},
		"a map, and the rest": {func(c *Config) { c.Indexes = map[string]string{"audit": "evidence"} }, []string{"evidence = 34560000", "(default) classes debug, standard share", "(default) = 2592000"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := openOffline(t, tt.change)
			plan, err := o.PlanRetention(t.Context())
			if err != nil || len(plan) != len(tt.want) {
				t.Fatalf("got %v, %v", plan, err)
			}
			for i, c := range plan {
				index, part, _ := strings.Cut(tt.want[i], " ")
				if c.Action != outputs.WarnRetention || c.Name != index || !strings.Contains(c.Warning, part) || c.Want != outputtest.Classes()[i].Keep {
					t.Errorf("got %+v, want index %s and %q", c, index, part)
				}
			}
			if err := o.ApplyRetention(t.Context(), plan); err != nil {
				t.Errorf("apply: %v", err)
			}
			if err := o.ApplyRetention(t.Context(), []outputs.RetentionChange{{Action: outputs.ExtendRetention}}); err == nil {
				t.Error("apply of a change: got no error")
			}
		})
	}
}
