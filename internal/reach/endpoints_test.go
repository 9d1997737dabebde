package reach

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
)

func TestEachEndpointIsTried(t *testing.T) {
	up, gone, secure := httptest.NewServer(nil), httptest.NewServer(nil), httptest.NewTLSServer(nil)
	defer up.Close()
	defer secure.Close()
	gone.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	bare := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	for _, tt := range []struct {
		name    string
		urls    []string
		change  func(*endpoints.Config)
		want    string
		reached bool
	}{
		{"one", []string{up.URL}, nil, "connect ok", true},
		{"one without a scheme", []string{bare(up)}, nil, "connect ok", true},
		{"one that is gone", []string{gone.URL}, nil, "connect fail", false},
		{"one of two is gone", []string{gone.URL, up.URL}, nil, "connect warn, connect ok", true},
		{"all are gone", []string{gone.URL, "dns+" + gone.URL}, nil, "connect warn, connect warn, connect fail", false},
		{"each address of a name", []string{"dns+http://localhost:" + strings.Split(bare(up), ":")[1]}, nil, "resolve ok, connect ok", true},
		{"no service records", []string{"srv+http://_x._tcp.none.invalid"}, nil, "resolve fail", false},
		{"verified", []string{secure.URL}, func(c *endpoints.Config) { c.CAFile = ca }, "connect ok, tls ok", true},
		{"verified by another name", []string{strings.Replace(secure.URL, "127.0.0.1", "localhost", 1)},
			func(c *endpoints.Config) { c.CAFile, c.TLSServerName = ca, "example.com" }, "resolve ok, connect ok, tls ok", true},
		{"not verified", []string{secure.URL}, nil, "connect ok, tls fail", false},
		{"a missing ca_file", []string{secure.URL}, func(c *endpoints.Config) { c.CAFile = ca + "x" }, "tls fail", false},
		{"by a proxy", []string{gone.URL}, func(c *endpoints.Config) { c.Proxy = config.NewSecret("http://proxy:3128") }, "connect ok", true},
		{"by no proxy", []string{gone.URL}, func(c *endpoints.Config) { c.Proxy = config.NewSecret("none") }, "connect fail", false},
		{"no address", []string{"http://"}, nil, "resolve fail", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := endpoints.Defaults()
			c.Endpoints = endpoints.At(tt.urls...)
			if tt.change != nil {
				tt.change(&c)
			}
			found, ok := Group{Config: c, Schemes: []string{"http", "https"}}.Try(t.Context(), time.Now())
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprintf("%s %v", f.Step, f.Status))
			}
			if diff := cmp.Diff(strings.Join(got, ", "), tt.want); diff != "" {
				t.Errorf("%v (-got +want):\n%s", found, diff)
			}
			if ok != tt.reached {
				t.Errorf("reached: got %t, want %t", ok, tt.reached)
			}
		})
	}
}
