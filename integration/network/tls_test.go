//go:build integration

package network

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// badTLS is a server that cannot be talked to, until it is mended.
type badTLS struct {
	name   string
	server *tls.Config
	want   string // in the status and in what the doctor says

	ledger rig.Ledger
	mended atomic.Bool
}

func badKinds(root *authority, ca bool) []*badTLS {
	t := root.t
	other := newAuthority(t, "other", nil)
	between := newAuthority(t, "between", root)
	leaf := func(by *authority, change func(*x509.Certificate)) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{by.issue(change)}}
	}
	if !ca {
		return []*badTLS{{name: "ca_file_not_set", server: leaf(root, nil), want: "which this machine does not know: set ca_file"}}
	}
	wantsClient := leaf(root, nil)
	wantsClient.ClientAuth, wantsClient.ClientCAs = tls.RequireAndVerifyClientCert, root.pool()
	wantsClient12 := wantsClient.Clone()
	wantsClient12.MaxVersion = tls.VersionTLS12
	return []*badTLS{
		{name: "expired", server: leaf(root, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), want: "the certificate ended on"},
		{name: "not_yet_valid", server: leaf(root, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) }), want: "look at the clocks"},
		{name: "wrong_host", server: leaf(root, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"es.example"}, nil }), want: "the certificate is for es.example"},
		{name: "common_name_alone", server: leaf(root, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }), want: "no subject alternative name"},
		{name: "unknown_authority", server: leaf(other, nil), want: `signed by "CN=other", which is not in ca_file`},
		{name: "signed_by_itself", server: leaf(&authority{t: t}, nil), want: "signed its certificate itself"},
		{name: "nothing_in_between", server: leaf(between, nil), want: "the certificates in between"},
		{name: "for_clients", server: leaf(root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), want: "not meant for servers"},
		{name: "tls_1_0_only", server: &tls.Config{Certificates: []tls.Certificate{root.issue(nil)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, want: "does not speak TLS 1.2 or 1.3"},
		{name: "wants_client_certificate", server: wantsClient, want: "set client_cert and client_key"},
		{name: "wants_client_certificate_1_2", server: wantsClient12, want: "set client_cert and client_key"},
		{name: "no_tls_at_all", want: "does not speak TLS there"},
	}
}

// serve starts the server, bad as it is, and returns its address.
func (b *badTLS) serve(t testing.TB, good *tls.Config) string {
	sim := essim.New(essim.Options{KeepIDs: true, Templates: []string{"logs-*"}, OnDoc: func(_, _ string, doc []byte) { b.ledger.Add(doc) }})
	s := httptest.NewUnstartedServer(sim)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if b.server == nil {
		s.Start()
	} else {
		s.TLS = good.Clone()
		s.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if b.mended.Load() {
				return good, nil
			}
			return b.server, nil
		}
		s.StartTLS()
	}
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func (b *badTLS) output(address, ca string) string {
	lines := []string{fmt.Sprintf("endpoints = [%q]", "https://"+address), `bootstrap = "never"`, short}
	if ca != "" {
		lines = append(lines, fmt.Sprintf("ca_file = %q", ca))
	}
	return fmt.Sprintf("output \"elasticsearch\" %q {\n  %s\n}\n", b.name, strings.Join(lines, "\n  "))
}

// finding is a line of `sluice doctor -o json`.
type finding struct{ Output, Step, Status, Detail, Hint string }

// doctor asks the doctor, who must find something.
func doctor(t testing.TB, config string) map[string][]finding {
	t.Helper()
	text, err := exec.Command(rig.Binary(t), "doctor", "-c", config, "-o", "json").Output()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("doctor: got %v, want exit code 4", err)
	}
	var all []finding
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("read what the doctor says: %v: %s", err, text)
	}
	byOutput := map[string][]finding{}
	for _, f := range all {
		if f.Status == "fail" {
			byOutput[f.Output] = append(byOutput[f.Output], f)
		}
	}
	return byOutput
}

// TestBadTLSIsNamedAndWaitedFor has an output for each kind of bad TLS. Nothing
// is lost or buried meanwhile, and what can be mended at the server goes on.
func TestBadTLSIsNamedAndWaitedFor(t *testing.T) {
	root := newAuthority(t, "root", nil)
	ca := root.file()
	good := &tls.Config{Certificates: []tls.Certificate{root.issue(nil)}}
	kinds := badKinds(root, true)
	cfg := rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t)}
	for _, b := range kinds {
		cfg.Outputs = append(cfg.Outputs, b.output(b.serve(t, good), ca))
	}
	unset := badKinds(root, false)[0]
	kinds = append(kinds, unset)
	cfg.Outputs = append(cfg.Outputs, unset.output(unset.serve(t, good), ""))
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 1, 500)
	ws.Start(t)
	a := rig.Start(t, config)
	said := map[string]string{}
	rig.Eventually(t, 30*time.Second, agentSays("an error of each output", a), func() bool {
		for name, o := range status(t, cfg.Admin) {
			if said[name] == "" || o.State == "paused" {
				said[name] = o.State + ": " + o.Error
			}
		}
		for _, b := range kinds {
			if !strings.Contains(said["elasticsearch."+b.name], b.want) {
				return false
			}
		}
		return true
	})
	found := doctor(t, config)
	written := ws.Stop(t)
	for _, b := range kinds {
		b.mended.Store(true)
	}
	for _, b := range kinds {
		t.Run(b.name, func(t *testing.T) {
			name := "elasticsearch." + b.name
			if text := said[name]; !strings.HasPrefix(text, "paused: ") || !strings.Contains(text, b.want) {
				t.Errorf("status: got %q, want paused and %q", text, b.want)
			}
			if text := fmt.Sprint(found[name]); !strings.Contains(text, b.want) {
				t.Errorf("doctor: got %q, want %q", text, b.want)
			}
			t.Logf("status: %s", said[name])
			t.Logf("doctor: %+v", found[name])
			if b.server == nil || b == unset {
				return // mended only in the config
			}
			rig.Eventually(t, 40*time.Second, agentSays("what waited is sent", a), func() bool { return b.ledger.Came() >= ws.Written() })
			b.ledger.Demand(t, written)
		})
	}
	for name, v := range rig.Metrics(t, cfg.Admin) {
		if strings.HasPrefix(name, "sluice_output_dead_letters_total") && v > 0 {
			t.Errorf("%s is %v, want 0", name, v)
		}
	}
	a.Stop(t)
}
