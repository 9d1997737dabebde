package http

import (
	"errors"
	"io"
	nethttp "net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// forms are all ways in which a body can be written.
var forms = []struct {
	format, compression string
	wrapper             bool
}{
	{formatNDJSON, compressionGzip, true},
	{formatNDJSON, compressionZstd, false},
	{formatNDJSON, compressionNone, false},
	{formatArray, compressionGzip, false},
	{formatArray, compressionZstd, false},
	{formatArray, compressionNone, false},
}

func TestContract(t *testing.T) {
	for _, form := range forms {
		t.Run(form.format+" "+form.compression, func(t *testing.T) {
			outputtest.Run(t, func(t *testing.T, d outputs.Deps) outputtest.Target {
				c := newCollector(t)
				next := func(h nethttp.HandlerFunc) func() { return func() { c.next(h) } }
				o := openTo(t, d, c.URL, func(c *Config) { c.Format, c.Compression = form.format, form.compression })
				if _, ok := o.(outputs.Wrapper); ok != form.wrapper {
					t.Errorf("wrapper: got %t, want %t", ok, form.wrapper)
				}
				return outputtest.Target{
					Output: o,
					Stored: c.docs,
					Faults: map[outputtest.Fault]func(){
						outputtest.Throttles:    next(status(429)),
						outputtest.Unavailable:  next(status(503)),
						outputtest.Cuts:         next(cut),
						outputtest.Half:         next(half),
						outputtest.TooLarge:     next(status(413)),
						outputtest.Unauthorized: next(status(401)),
						outputtest.Hangs:        next(func(_ nethttp.ResponseWriter, r *nethttp.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() }),
					},
				}
			})
		})
	}
}

func send(t *testing.T, o outputs.Output, docs []event.Doc) error {
	t.Helper()
	return o.Send(t.Context(), outputtest.Request(t, o, docs))
}

// kind names what an error asks for.
func kind(err error) string {
	var throttle *outputs.Throttled
	var poisoned *outputs.Poisoned
	var person *outputs.Misconfigured
	switch {
	case err == nil:
		return "taken"
	case errors.Is(err, outputs.ErrTooLarge):
		return "too large"
	case errors.As(err, &throttle):
		return "throttled for " + throttle.After.String()
	case errors.As(err, &poisoned):
		return "poison"
	case errors.As(err, &person):
		return "config"
	}
	return "retry"
}

func TestAStatusSaysWhatBecomesOfTheRequest(t *testing.T) {
	own := &Statuses{
		Success: []string{"409"}, Retry: []string{"4xx", "500-510"}, Throttled: []string{"503"},
		Poison: []string{"400", "422"}, Config: []string{"260"}, TooLarge: []string{"5xx"},
	}
	for _, tt := range []struct {
		name   string
		status *Statuses
		code   int
		header []string
		docs   int
		want   string
	}{
		{"ok", nil, 200, nil, 2, "taken"},
		{"accepted", nil, 202, nil, 2, "taken"},
		{"no content", nil, 204, nil, 2, "taken"},
		{"a redirect", nil, 307, []string{"Location", "/elsewhere"}, 2, "config"},
		{"bad request", nil, 400, nil, 2, "config"},
		{"bad request with one document", nil, 400, nil, 1, "config"},
		{"not found", nil, 404, nil, 2, "config"},
		{"request timeout", nil, 408, nil, 2, "retry"},
		{"too large", nil, 413, nil, 2, "too large"},
		{"unsupported media type", nil, 415, nil, 2, "config"},
		{"unprocessable", nil, 422, nil, 2, "config"},
		{"too many requests", nil, 429, nil, 2, "throttled for 0s"},
		{"too many requests with a time", nil, 429, []string{"Retry-After", "7"}, 2, "throttled for 7s"},
		{"too many requests with an absurd time", nil, 429, []string{"Retry-After", "999999999"}, 2, "throttled for 0s"},
		{"too many requests with an hour", nil, 429, []string{"Retry-After", "3600"}, 2, "throttled for 5m0s"},
		{"internal error", nil, 500, nil, 2, "retry"},
		{"not implemented", nil, 501, nil, 2, "config"},
		{"bad gateway", nil, 502, nil, 2, "retry"},
		{"unavailable with a time", nil, 503, []string{"Retry-After", "3"}, 2, "throttled for 3s"},
		{"a status that is none", nil, 999, nil, 2, "retry"},
		{"a status moved to success", own, 409, nil, 2, "taken"},
		{"a success moved to config", own, 260, nil, 2, "config"},
		{"poison among others", own, 400, nil, 2, "too large"},
		{"poison alone", own, 422, nil, 1, "poison"},
		{"the class", own, 404, nil, 2, "retry"},
		{"a range in a class", own, 505, nil, 2, "retry"},
		{"a status in a range in a class", own, 503, nil, 2, "throttled for 0s"},
		{"outside of the range", own, 511, nil, 2, "too large"},
		{"not mentioned", own, 201, nil, 2, "taken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCollector(t)
			o := opened(t, c, func(c *Config) { c.Status = tt.status })
			c.every(func(w nethttp.ResponseWriter, r *nethttp.Request) {
				if r.URL.Path != "/" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				if tt.code == 204 {
					w.WriteHeader(204)
					return
				}
				status(tt.code, tt.header...)(w, r)
			})
			err := send(t, o, outputtest.Docs(tt.docs))
			if got := kind(err); got != tt.want {
				t.Errorf("send: got %s (%v), want %s", got, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), "no such luck") {
				t.Errorf("send: got %q, want the server's words on one line", err)
			}
		})
	}
}

func TestWrongStatuses(t *testing.T) {
	for name, s := range map[string]*Statuses{
		"a word":            {Retry: []string{"never"}},
		"too small":         {Retry: []string{"99"}},
		"too large":         {Retry: []string{"600"}},
		"an empty range":    {Retry: []string{"500-499"}},
		"nothing":           {Retry: []string{""}},
		"a class of none":   {Retry: []string{"9xx"}},
		"twice":             {Retry: []string{"500"}, Poison: []string{"500"}},
		"overlapping alike": {Retry: []string{"500-509"}, Poison: []string{"505-514"}},
	} {
		if _, err := newJudge(s); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := newJudge(&Statuses{Retry: []string{"500", "500-510"}, Poison: []string{"5XX", " 501 - 502 "}}); err != nil {
		t.Error(err)
	}
}

func TestHeaders(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   map[string]string
	}{
		{"the defaults", nil, map[string]string{
			"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "User-Agent": "sluice/0.0.0-test", "Authorization": "", "Accept-Encoding": "",
		}},
		{"an array", func(c *Config) { c.Format = formatArray; c.Compression = compressionNone }, map[string]string{
			"Content-Type": "application/json", "Content-Encoding": "",
		}},
		{"own headers", func(c *Config) {
			c.Headers = map[string]config.Secret{"x-key": config.NewSecret("k"), "User-Agent": config.NewSecret("me")}
		}, map[string]string{"X-Key": "k", "User-Agent": "me"}},
		{"basic", func(c *Config) { c.Username = "ann"; c.Password = config.NewSecret("pw") }, map[string]string{"Authorization": "Basic YW5uOnB3"}},
		{"bearer", func(c *Config) { c.Token = config.NewSecret("t0") }, map[string]string{"Authorization": "Bearer t0"}},
		{"a host", func(c *Config) { c.Headers = map[string]config.Secret{"Host": config.NewSecret("other")} }, map[string]string{"host": "other"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCollector(t)
			o := opened(t, c, tt.change)
			if err := send(t, o, outputtest.Docs(1)); err != nil {
				t.Fatal(err)
			}
			r := c.last()
			for name, want := range tt.want {
				got := r.Header.Get(name)
				if name == "host" {
					got = r.Host
				}
				if got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestMethodPathAndContentType(t *testing.T) {
	c := newCollector(t)
	o := opened(t, c, func(cfg *Config) {
		cfg.Method, cfg.ContentType = "PUT", "text/plain; charset=utf-8"
		cfg.Endpoints = endpoints.At(c.URL + "/a")
		cfg.Path = "/b c/"
		cfg.Query = map[string]config.Secret{"x": config.NewSecret("1"), "y": config.NewSecret("/&")}
	})
	c.every(status(200))
	if err := send(t, o, outputtest.Docs(1)); err != nil {
		t.Fatal(err)
	}
	r := c.last()
	got := []string{r.Method, r.URL.String(), r.Header.Get("Content-Type")}
	if diff := cmp.Diff(got, []string{"PUT", "/a/b%20c/?x=1&y=%2F%26", "text/plain; charset=utf-8"}); diff != "" {
		t.Errorf("request (-got +want):\n%s", diff)
	}
}

func TestEndpointsAreUsedInTurn(t *testing.T) {
	one, two := newCollector(t), newCollector(t)
	o := opened(t, one, func(c *Config) { c.Endpoints = endpoints.At(one.URL, two.URL) })
	for i := range 4 {
		if err := send(t, o, outputtest.DocsFrom(i, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if len(one.docs()) != 2 || len(two.docs()) != 2 {
		t.Errorf("got %d and %d documents, want 2 each", len(one.docs()), len(two.docs()))
	}
}
