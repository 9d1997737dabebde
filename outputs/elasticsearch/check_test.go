package elasticsearch

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// said are the steps of a check with their states, those that repeat once.
func said(found []outputs.Finding) string {
	var steps []string
	for _, f := range found {
		steps = append(steps, f.Step+" "+f.Status.String())
	}
	return strings.Join(slices.Compact(steps), ", ")
}

func TestChecksOfAServer(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config, *essim.Options)
		want   string
		hint   string
	}{
		{"all is well", nil, "connect ok, log in ok, clock ok, index ok", ""},
		{"wrong credentials", func(c *Config, s *essim.Options) {
			c.APIKey, s.Authorization = config.NewSecret("wrong"), "ApiKey right"
		}, "connect ok, log in fail", "api_key"},
		{"another product", func(_ *Config, s *essim.Options) { s.Any = true }, "connect ok, log in ok, product fail", `product = "any"`},
		{"another product that is wanted", func(c *Config, s *essim.Options) { c.Product, s.Any = productAny, true }, "connect ok, log in ok, clock ok, gzip ok, index ok", ""},
		{"missing templates that nobody makes", func(c *Config, _ *essim.Options) { c.Bootstrap = bootstrapNever }, "connect ok, log in ok, clock ok, index fail", "sluice retention apply"},
		{"templates of others", func(c *Config, s *essim.Options) { c.Bootstrap, s.Templates = bootstrapNever, []string{"logs-*-*"} }, "connect ok, log in ok, clock ok, index ok", ""},
		{"nothing that listens", func(c *Config, _ *essim.Options) { c.Endpoints = endpoints.At("127.0.0.1:1") }, "connect fail", "is the server up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), func(c *Config, s *essim.Options) {
				if tt.change != nil {
					tt.change(c, s)
				}
			})
			found := b.Check(t.Context())
			if got := said(found); got != tt.want || !strings.Contains(fmt.Sprint(found), tt.hint) {
				t.Errorf("got %s (%v), want %s with %q", got, found, tt.want, tt.hint)
			}
			if got := b.sim.Counts(); got.Docs != 0 || got.Stray != 0 {
				t.Errorf("the check stored something: %+v", got)
			}
			if status, text := ask(b.sim, "GET", "/_index_template", ""); status == 200 && strings.Contains(text, "sluice-") {
				t.Errorf("the check made templates: %s", text)
			}
		})
	}
}

func TestChecksOfRightsAndClocks(t *testing.T) {
	tests := []struct{ name, rights, date, want, hint string }{
		{"all rights", `{"has_all_requested":true}`, "", "connect ok, log in ok, clock ok, rights ok, index warn", ""},
		{"a right that is missing", `{"has_all_requested":false,"index":{"logs-*-audit":{"create_doc":true,"auto_configure":false},"logs-*-debug":{"create_doc":true,"auto_configure":true},"logs-*-standard":{"create_doc":true,"auto_configure":true}}}`,
			"", "connect ok, log in ok, clock ok, rights fail, index warn", "no auto_configure on logs-*-audit"},
		{"a clock that is wrong", `{"has_all_requested":true}`, "Mon, 02 Jan 2006 15:04:05 GMT", "connect ok, log in ok, clock warn, rights ok, index warn", "set the clock"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Elastic-Product", "Elasticsearch")
				if tt.date != "" {
					w.Header().Set("Date", tt.date)
				}
				switch r.URL.Path {
				case "/":
					_, _ = io.WriteString(w, `{"version":{"number":"8.19.0"}}`)
				case "/_security/user/_has_privileges":
					_, _ = io.WriteString(w, tt.rights)
				default:
					w.WriteHeader(http.StatusForbidden)
				}
			}, nil)
			found := o.Check(t.Context())
			if got := said(found); got != tt.want || !strings.Contains(fmt.Sprint(found), tt.hint) {
				t.Errorf("got %s (%v), want %s with %q", got, found, tt.want, tt.hint)
			}
		})
	}
}
