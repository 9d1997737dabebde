package endpoints

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
)

// serveTLS starts a server and returns its address, without a scheme.
func serveTLS(t testing.TB, c *tls.Config, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(f)
	s.TLS = c
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestEachKindOfBadTLSSaysWhatToDo(t *testing.T) {
	root, other := newAuthority(t, "root", nil), newAuthority(t, "other", nil)
	between := newAuthority(t, "between", root)
	ca := fileOf(t, "ca.pem", certPEM(root.cert.Raw))
	good := root.issue(nil)
	server := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	wantsClient := server(good)
	wantsClient.ClientAuth, wantsClient.ClientCAs = tls.RequireAndVerifyClientCert, root.pool()
	pair := func(c *Config, cert tls.Certificate) {
		dir := t.TempDir()
		c.ClientCert, c.ClientKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		writePair(t, c.ClientCert, c.ClientKey, cert)
	}
	tests := []struct {
		name   string
		server *tls.Config // nil speaks plain HTTP
		change func(*Config)
		want   string
	}{
		{"expired", server(root.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), nil, "the certificate ended on"},
		{"not yet valid", server(root.issue(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) })), nil, "look at the clocks"},
		{"another host's", server(root.issue(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"es.example"}, nil })), nil, "the certificate is for es.example"},
		{"a common name alone", server(root.issue(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil })), nil, "no subject alternative name"},
		{"signed by another authority", server(other.issue(nil)), nil, `signed by "CN=other", which is not in ca_file`},
		{"signed by an authority, without ca_file", server(good), func(c *Config) { c.CAFile = "" }, `signed by "CN=root", which this machine does not know: set ca_file`},
		{"signed by itself", server((&authority{t: t}).issue(nil)), nil, "signed its certificate itself"},
		{"without the certificate in between", server(between.issue(nil)), nil, "the certificates in between"},
		{"for clients only", server(root.issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })), nil, "not meant for servers"},
		{"TLS 1.1 only", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, nil, "does not speak TLS 1.2 or 1.3"},
		{"a server that wants a client's certificate", wantsClient, nil, "set client_cert and client_key"},
		{"a client's certificate of another authority", wantsClient, func(c *Config) { pair(c, other.issue(nil)) }, "does not take client_cert"},
		{"a client's certificate that ended", wantsClient, func(c *Config) {
			pair(c, root.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }))
		}, "client_cert"},
		{"no TLS at all", nil, nil, "does not speak TLS there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var at string
			if tt.server == nil {
				at = strings.TrimPrefix(serve(t, say("plain")).URL, "http://")
			} else {
				at = serveTLS(t, tt.server, say("ok"))
			}
			c := testConfig("https://" + at)
			c.CAFile = ca
			if tt.change != nil {
				tt.change(&c)
			}
			d := testDeps()
			d.Schemes = []string{"https", "tls"}
			g := openGroup(t, c, d)
			_, err := ask(t, g, "")
			var person *outputs.Misconfigured
			if !errors.As(err, &person) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("over HTTP: got %v, want it to say %q, to a person", err, tt.want)
			}
			if tt.server != nil && tt.server.ClientAuth != tls.NoClientCert {
				return // TLS 1.3 tells it with the first read: the output's business
			}
			c.Endpoints = At("tls://" + at)
			_, _, err = openGroup(t, c, d).Dial(t.Context(), "")
			if !errors.As(err, &person) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("over TCP: got %v, want it to say %q, to a person", err, tt.want)
			}
		})
	}
}

func TestGoodTLS(t *testing.T) {
	root := newAuthority(t, "root", nil)
	at := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{root.issue(nil)}}, say("ok"))
	_, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	ca := fileOf(t, "ca.pem", certPEM(root.cert.Raw))
	named := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{root.issue(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"es.example"}, nil })}}, say("ok"))
	for name, change := range map[string]func(*Config){
		"a known authority":  func(c *Config) { c.CAFile = ca },
		"another name of it": func(c *Config) { c.CAFile, c.Endpoints = ca, At("https://localhost:"+port) },
		"a name that is set": func(c *Config) { c.CAFile, c.Endpoints, c.TLSServerName = ca, At("https://"+named), "es.example" },
		"not verified":       func(c *Config) { c.TLSSkipVerify = true },
	} {
		c := testConfig("https://" + at)
		change(&c)
		if got, err := ask(t, openGroup(t, c, testDeps()), ""); got != "ok" || err != nil {
			t.Errorf("%s: got %q, %v, want ok", name, got, err)
		}
	}
}

func TestAPlainConnectionToTLSSaysSo(t *testing.T) {
	for name, reply := range map[string]string{
		"a server that sends an alert": "\x15\x03\x01\x00\x02\x02\x46",
		"a server that hangs up":       "",
	} {
		at := listen(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1<<10))
			_, _ = io.WriteString(c, reply)
		})
		_, err := ask(t, openGroup(t, testConfig("http://"+at), testDeps()), "")
		if err == nil || !strings.Contains(err.Error(), "https://") {
			t.Errorf("%s: got %v, want the advice of https", name, err)
		}
	}
}

func TestAnAnswerThatIsCutIsNoOtherProtocol(t *testing.T) {
	for reply, wantPerson := range map[string]bool{
		"H": false, "HTTP/1.1": false, "HTTP/1.1 ": false, "HTTP/1.1 20": false, "HTTP/1.1 200 O": false, "HTTP/1.0": false,
		"SSH-2.0-OpenSSH\r\n": true, "HELO": true, "HTTP/1.1 2000 OK\r\n": true,
	} {
		at := listen(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1<<10))
			_, _ = io.WriteString(c, reply)
		})
		_, err := ask(t, openGroup(t, testConfig("http://"+at), testDeps()), "")
		var person *outputs.Misconfigured
		if got := errors.As(err, &person); err == nil || got != wantPerson {
			t.Errorf("%q: got %v, to a person: %v, want %v", reply, err, got, wantPerson)
		}
	}
}

func TestABadEndpointAmongGoodOnesPausesNothing(t *testing.T) {
	root := newAuthority(t, "root", nil)
	bad := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{root.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })}}, say("bad"))
	good := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{root.issue(nil)}}, say("good"))
	c := testConfig("https://"+bad, "https://"+good)
	c.CAFile = fileOf(t, "ca.pem", certPEM(root.cert.Raw))
	g := openGroup(t, c, testDeps())
	for range 4 {
		_, err := ask(t, g, "")
		var person *outputs.Misconfigured
		if errors.As(err, &person) {
			t.Errorf("got %v, want an error that is sent again at once", err)
		}
	}
}

// eventually waits until f holds.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within ten seconds", what)
		}
		pause := time.NewTimer(5 * time.Millisecond)
		<-pause.C
	}
}

func TestCertificatesThatChangeOnDiskAreUsed(t *testing.T) {
	old, renewed := newAuthority(t, "old", nil), newAuthority(t, "new", nil)
	var current atomic.Pointer[tls.Config]
	set := func(a *authority) {
		current.Store(&tls.Config{Certificates: []tls.Certificate{a.issue(nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool()})
	}
	set(old)
	var client atomic.Value
	at := serveTLS(t, &tls.Config{
		Certificates:       []tls.Certificate{old.issue(nil)},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return current.Load(), nil },
	}, func(w http.ResponseWriter, r *http.Request) {
		client.Store(r.TLS.PeerCertificates[0].Issuer.CommonName)
		w.Header().Set("Connection", "close")
	})
	dir := t.TempDir()
	c := testConfig("https://" + at)
	c.CAFile, c.ClientCert, c.ClientKey = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeFile(t, c.CAFile, certPEM(old.cert.Raw))
	writePair(t, c.ClientCert, c.ClientKey, old.issue(nil))
	g := openGroup(t, c, testDeps())
	if _, err := ask(t, g, ""); err != nil {
		t.Fatalf("before: %v", err)
	}

	// In the middle of a rotation the files do not fit: what was read stays.
	writePair(t, filepath.Join(dir, "other.pem"), c.ClientKey, renewed.issue(nil))
	g.wire.files.reload()
	if _, err := ask(t, g, ""); err != nil {
		t.Errorf("with a key that does not fit: %v", err)
	}

	writeFile(t, c.CAFile, certPEM(renewed.cert.Raw))
	writePair(t, c.ClientCert, c.ClientKey, renewed.issue(nil))
	set(renewed)
	// The first try fails, and makes the files be read again.
	eventually(t, "a try with the new certificates", func() bool {
		_, err := ask(t, g, "")
		return err == nil
	})
	if got := client.Load(); got != "new" {
		t.Errorf("the server saw a certificate of %v, want the new one", got)
	}
	if _, generation := g.wire.files.now(); generation != 1 {
		t.Errorf("got generation %d, want 1", generation)
	}
}

func TestFilesOfCertificatesAreChecked(t *testing.T) {
	empty := fileOf(t, "empty.pem", []byte("no certificate"))
	for name, change := range map[string]func(*Config){
		"a missing CA":                func(c *Config) { c.CAFile = filepath.Join(t.TempDir(), "none.pem") },
		"a CA without certificate":    func(c *Config) { c.CAFile = empty },
		"a certificate without key":   func(c *Config) { c.ClientCert = empty },
		"a certificate that is none":  func(c *Config) { c.ClientCert, c.ClientKey = empty, empty },
		"a key without a certificate": func(c *Config) { c.ClientKey = empty },
	} {
		c := testConfig("https://a")
		change(&c)
		if _, err := New(c, testDeps()); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestATransportForClientsThatNameTheirHosts(t *testing.T) {
	root := newAuthority(t, "root", nil)
	at := serveTLS(t, serverOf(root), say("ok"))
	hang := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	get := func(c Config, url string) error {
		transport, err := NewTransport(c)
		if err != nil {
			return err
		}
		defer transport.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := transport.RoundTrip(req)
		if err == nil {
			_ = answer.Body.Close()
		}
		return err
	}
	var unverified *tls.CertificateVerificationError
	if err := get(Config{}, "https://"+at); !errors.As(err, &unverified) {
		t.Errorf("an unknown authority: got %v, want a verification error", err)
	}
	if err := get(Config{CAFile: fileOf(t, "ca.pem", certPEM(root.cert.Raw))}, "https://"+at); err != nil {
		t.Errorf("a known authority: %v", err)
	}
	if err := get(Config{CAFile: "/nonexistent"}, "https://"+at); err == nil {
		t.Error("a missing ca_file: got no error")
	}
	start := time.Now()
	if err := get(Config{Timeout: config.Duration(50 * time.Millisecond)}, hang.URL); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("a server without an answer: got %v after %v, want an error after 50ms", err, time.Since(start))
	}
}
