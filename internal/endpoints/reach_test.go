package endpoints

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
)

func TestHowFarAConnectionComes(t *testing.T) {
	root := newAuthority(t, "root", nil)
	ca := fileOf(t, "ca.pem", certPEM(root.cert.Raw))
	plain := strings.TrimPrefix(serve(t, say("ok")).URL, "http://")
	secured := serveTLS(t, serverOf(root), say("ok"))
	long := *serverOf(root)
	long.Certificates[0] = root.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(1000 * time.Hour) })
	lasting := serveTLS(t, &long, say("ok"))
	dns := newNameServer(t)
	dns.set(func() { dns.hosts["es.test"] = []string{"127.0.0.1"} })
	_, port, _ := strings.Cut(plain, ":")
	tests := []struct {
		name   string
		urls   []string
		change func(*Config)
		want   string // step and status of each finding
		hint   string
		ok     bool
	}{
		{"a server that speaks HTTP", []string{"http://" + plain}, nil, "connect ok", "", true},
		{"a name", []string{"http://es.test:" + port}, nil, "resolve ok, connect ok", "", true},
		{"a name of several addresses", []string{"dns+http://es.test:" + port}, nil, "resolve ok, connect ok", "", true},
		{"a name that is none", []string{"http://none.test:" + port}, nil, "resolve fail", "name servers", false},
		{"a name that is looked up and none", []string{"dns+http://none.test:" + port}, nil, "resolve fail", "name servers", false},
		{"a certificate that ends soon", []string{"https://" + secured}, nil, "connect ok, tls warn", "new certificate soon", true},
		{"a certificate that lasts", []string{"https://" + lasting}, nil, "connect ok, tls ok", "", true},
		{"a certificate that is not verified", []string{"https://" + lasting}, func(c *Config) { c.TLSSkipVerify = true }, "connect ok, tls warn", "set ca_file", true},
		{"an unknown authority", []string{"https://" + lasting}, func(c *Config) { c.CAFile = "" }, "tls fail", "set ca_file", false},
		{"nothing that listens", []string{"http://127.0.0.1:1"}, nil, "connect fail", "is the server up", false},
		{"one of two", []string{"http://127.0.0.1:1", "http://" + plain}, nil, "connect warn, connect ok", "is the server up", true},
		{"none of two", []string{"http://127.0.0.1:1", "http://127.0.0.1:2"}, nil, "connect warn, connect warn, connect fail", "see the lines above", false},
		{"by a proxy", []string{"http://" + plain}, func(c *Config) { c.Proxy = config.NewSecret("http://proxy.test") }, "connect ok", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := testConfig(tt.urls...)
			c.CAFile = ca
			if tt.change != nil {
				tt.change(&c)
			}
			d := testDeps()
			d.Resolver = dns.resolver()
			found, ok := openGroup(t, c, d).Reach(t.Context(), time.Now())
			var got, hints []string
			for _, f := range found {
				got = append(got, f.Step+" "+f.Status.String())
				if f.Status != outputs.CheckPassed {
					hints = append(hints, f.Hint)
				}
			}
			if text := strings.Join(got, ", "); text != tt.want || ok != tt.ok || !strings.Contains(strings.Join(hints, "; "), tt.hint) {
				t.Errorf("got %s (%v), %v, want %s with %q, %v", text, found, ok, tt.want, tt.hint, tt.ok)
			}
		})
	}
}
