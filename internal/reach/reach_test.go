package reach

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/outputs"
)

func TestHowFarAConnectionComes(t *testing.T) {
	silent := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	plain := httptest.NewServer(silent)
	defer plain.Close()
	secure := httptest.NewTLSServer(silent)
	defer secure.Close()
	gone := httptest.NewServer(silent)
	gone.Close()
	pool := x509.NewCertPool()
	pool.AddCert(secure.Certificate())
	end := secure.Certificate().NotAfter
	now := end.AddDate(-1, 0, 0)
	trusted := &tls.Config{RootCAs: pool, Time: func() time.Time { return now }}
	for _, tt := range []struct {
		name   string
		server *httptest.Server
		host   string
		tls    *tls.Config
		now    time.Time
		want   string // steps and how they ended
		hint   string // a part of the last one
	}{
		{"plain", plain, "127.0.0.1", nil, now, "connect ok", ""},
		{"a name", plain, "localhost", nil, now, "resolve ok, connect ok", ""},
		{"no name", plain, "no-such-host.invalid", nil, now, "resolve fail", "name"},
		{"refused", gone, "127.0.0.1", nil, now, "connect fail", "port"},
		{"verified", secure, "127.0.0.1", trusted, now, "connect ok, tls ok", ""},
		{"ends soon", secure, "127.0.0.1", trusted, end.AddDate(0, 0, -20), "connect ok, tls warn", "renew"},
		{"unknown authority", secure, "127.0.0.1", &tls.Config{}, now, "connect ok, tls fail", "ca_file"},
		{"another name", secure, "localhost", trusted, now, "resolve ok, connect ok, tls fail", "other names"},
		{"has ended", secure, "127.0.0.1", &tls.Config{RootCAs: pool, Time: func() time.Time { return end.AddDate(0, 0, 1) }}, now, "connect ok, tls fail", "clock"},
		{"not verified", secure, "127.0.0.1", &tls.Config{InsecureSkipVerify: true}, now, "connect ok, tls warn", "tls_skip_verify"},
		{"TLS to a plain server", plain, "127.0.0.1", trusted, now, "connect ok, tls fail", "scheme"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, port, err := net.SplitHostPort(tt.server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			found, ok := Server{Host: tt.host, Port: port, TLS: tt.tls, Bad: outputs.CheckFailed}.Try(t.Context(), tt.now)
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprintf("%s %v", f.Step, f.Status))
			}
			if diff := cmp.Diff(strings.Join(got, ", "), tt.want); diff != "" {
				t.Errorf("%v (-got +want):\n%s", found, diff)
			}
			last := found[len(found)-1]
			if ok == strings.Contains(tt.want, "fail") || !strings.Contains(last.Hint, tt.hint) || (last.Hint == "") != (tt.hint == "") {
				t.Errorf("got %t with hint %q, want one with %q", ok, last.Hint, tt.hint)
			}
		})
	}
}
