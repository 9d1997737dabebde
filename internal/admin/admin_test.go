package admin_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/internal/admin"
)

type fake struct{ ready, reload error }

func (f fake) Status() any         { return map[string]int{"answer": 42} }
func (f fake) Ready() error        { return f.ready }
func (f fake) Reload() error       { return f.reload }
func (f fake) Forget(string) error { return nil }

func start(t *testing.T, o admin.Options, a admin.Agent) string {
	t.Helper()
	o.Metrics, o.Logger = prometheus.NewRegistry(), slog.New(slog.DiscardHandler)
	s, err := admin.Start(o, a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + s.Addr()
}

func ask(t *testing.T, method, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestLoopbackAnswersItsOwnMachineOnly(t *testing.T) {
	url := start(t, admin.Options{Listen: "127.0.0.1:0"}, fake{reload: errors.New("bad config")})
	control := []string{admin.ControlHeader, "1"}
	for _, c := range []struct {
		name, method, path string
		header             []string
		want               int
	}{
		{"status is shown", "GET", "/api/status", nil, 200},
		{"a rebound name is refused", "GET", "/api/status", []string{"Host", "evil.example:80"}, 403},
		{"another origin is refused", "GET", "/api/status", []string{"Origin", "http://evil.example"}, 403},
		{"a form cannot reload", "POST", "/api/reload", nil, 403},
		{"a failed reload is said", "POST", "/api/reload", control, 409},
		{"forget works", "POST", "/api/forget?name=x", control, 200},
		{"reload by GET is not there", "GET", "/api/reload", nil, 405},
		{"metrics are there", "GET", "/metrics", nil, 200},
	} {
		if got, body := ask(t, c.method, url+c.path, c.header...); got != c.want {
			t.Errorf("%s: status %d, want %d: %s", c.name, got, c.want, body)
		}
	}
}

func TestATokenIsNeededWhereOneIsSet(t *testing.T) {
	url := start(t, admin.Options{Listen: "127.0.0.1:0", Token: "secret"}, fake{ready: errors.New("no space")})
	for _, c := range []struct {
		path, auth string
		want       int
	}{
		{"/api/status", "", 403},
		{"/api/status", "Bearer wrong", 403},
		{"/api/status", "Bearer secret", 200},
		{"/livez", "", 200},
		{"/readyz", "", 503},
	} {
		if got, _ := ask(t, "GET", url+c.path, "Authorization", c.auth); got != c.want {
			t.Errorf("%s with %q: status %d, want %d", c.path, c.auth, got, c.want)
		}
	}
}

func TestAnotherAddressNeedsAToken(t *testing.T) {
	_, err := admin.Start(admin.Options{Listen: "0.0.0.0:0", Logger: slog.New(slog.DiscardHandler)}, fake{})
	if err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("error %v, want one about a token", err)
	}
}

func TestABusyPortFallsToAFreeOne(t *testing.T) {
	first := start(t, admin.Options{Listen: "127.0.0.1:0"}, fake{})
	second := start(t, admin.Options{Listen: strings.TrimPrefix(first, "http://"), Fallback: true}, fake{})
	if first == second {
		t.Errorf("both listen on %s", first)
	}
	if got, _ := ask(t, "GET", second+"/livez"); got != 200 {
		t.Errorf("status %d, want 200", got)
	}
}

func TestTheAddressComesBack(t *testing.T) {
	dir := t.TempDir()
	if err := admin.WriteAddress(dir, "127.0.0.1:7080"); err != nil {
		t.Fatal(err)
	}
	got, err := admin.ReadAddress(dir)
	if err != nil || got.Addr != "127.0.0.1:7080" {
		t.Errorf("address %+v, error %v", got, err)
	}
	admin.RemoveAddress(dir)
	if _, err := admin.ReadAddress(dir); err == nil {
		t.Error("the address is still there")
	}
}
