package http

import (
	"fmt"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
)

func TestCheck(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	for _, tt := range []struct {
		name string
		code int
		more []string // endpoints
		want string
	}{
		{"taken", 204, nil, "connect ok, log in ok"},
		{"HEAD is not known", 405, nil, "connect ok, log in ok"},
		{"credentials are refused", 401, nil, "connect ok, log in fail"},
		{"moved", 308, nil, "connect ok, log in fail"},
		{"not found", 404, nil, "connect ok, log in warn"},
		{"down", 503, nil, "connect ok, log in warn"},
		{"odd", 418, nil, "connect ok, log in warn"},
		{"another is gone", 200, []string{gone.URL}, "connect ok, connect warn, log in ok"},
		{"one refuses, the other is gone", 403, []string{gone.URL}, "connect ok, connect warn, log in fail"},
		{"another is not verified", 200, []string{secure.URL}, "connect ok, tls warn, log in ok"},
	} {
		c := newCollector(t)
		c.every(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.Method != "HEAD" || r.Header.Get("Authorization") != "Bearer canary" || r.ContentLength > 0 {
				t.Errorf("%s: got %s with %d bytes, want HEAD with credentials", tt.name, r.Method, r.ContentLength)
			}
			w.WriteHeader(tt.code)
		})
		o := opened(t, c, func(cfg *Config) {
			cfg.Endpoints = endpoints.At(append([]string{c.URL}, tt.more...)...)
			cfg.Token = config.NewSecret("canary")
		})
		found := o.(outputs.Checker).Check(t.Context())
		var got []string
		for _, f := range found {
			got = append(got, fmt.Sprintf("%s %v", f.Step, f.Status))
			if f.Status != outputs.CheckPassed && f.Hint == "" {
				t.Errorf("%s: %s has no hint", tt.name, f.Step)
			}
			if strings.Contains(f.Detail+f.Hint, "canary") {
				t.Errorf("%s: %q shows a secret", tt.name, f.Detail)
			}
		}
		if diff := cmp.Diff(strings.Join(got, ", "), tt.want); diff != "" {
			t.Errorf("%s: %v (-got +want):\n%s", tt.name, found, diff)
		}
	}
}

var _ outputs.Checker = (*Lines)(nil)
