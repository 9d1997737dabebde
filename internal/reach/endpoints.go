package reach

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Group is the endpoints of an output.
type Group struct {
	Config  endpoints.Config
	Schemes []string // the first is that of an address without one
	Port    string   // that of an address without one, over TCP
}

// Try tries each endpoint. One that fails beside others that do not is a
// warning. It reports whether there is one that can be reached.
func (g Group) Try(ctx context.Context, now time.Time) (found []outputs.Finding, ok bool) {
	servers, found := g.servers(ctx)
	reached := 0
	for _, s := range servers {
		s.Bad = outputs.CheckFailed
		if len(servers)+len(found) > 1 {
			s.Bad = outputs.CheckWarned
		}
		more, ok := s.Try(ctx, now)
		if found = append(found, more...); ok {
			reached++
		}
	}
	switch {
	case len(servers) == 0 && len(found) > 0 && found[0].Status == outputs.CheckPassed:
		return found, true // by a proxy
	case reached == 0 && len(servers) > 1:
		found = append(found, outputs.Finding{
			Step: "connect", Status: outputs.CheckFailed, Detail: "none of the endpoints can be used", Hint: "see the lines above",
		})
	}
	return found, reached > 0
}

// servers are what the endpoints' addresses stand for. What cannot be tried is
// among the findings.
func (g Group) servers(ctx context.Context) (list []Server, found []outputs.Finding) {
	config, err := g.tls()
	if err != nil {
		return nil, []outputs.Finding{{Step: "tls", Status: outputs.CheckFailed, Detail: err.Error(), Hint: "check ca_file, client_cert and client_key"}}
	}
	for _, a := range g.Config.Endpoints {
		text, bySRV := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(a.URL), "dns+"), "srv+")
		if !strings.Contains(text, "://") {
			text = g.Schemes[0] + "://" + text
		}
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" {
			found = append(found, outputs.Finding{Step: "resolve", Status: outputs.CheckFailed, Detail: "an endpoint is no address", Hint: "check endpoints"})
			continue
		}
		if g.byProxy(u) {
			found = append(found, passed("connect", "%s is reached by a proxy", u.Host))
			continue
		}
		s := Server{Host: u.Hostname(), Port: u.Port()}
		if s.Port == "" {
			s.Port = map[string]string{"http": "80", "https": "443", "tcp": g.Port, "tls": g.Port}[u.Scheme]
		}
		if u.Scheme == "https" || u.Scheme == "tls" {
			s.TLS = config
		}
		if !bySRV {
			list = append(list, s)
			continue
		}
		records, err := s.records(ctx)
		if err != nil {
			found = append(found, outputs.Finding{Step: "resolve", Status: outputs.CheckFailed, Detail: err.Error(), Hint: "check the name in endpoints, and its SRV records"})
		}
		list = append(list, records...)
	}
	return list, found
}

// records are the servers that the SRV records of s's name stand for.
func (s Server) records(ctx context.Context) ([]Server, error) {
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "", "", s.Host)
	if err != nil {
		return nil, fmt.Errorf("look up SRV records: %w", err)
	}
	var list []Server
	for _, r := range records {
		list = append(list, Server{Host: strings.TrimSuffix(r.Target, "."), Port: strconv.Itoa(int(r.Port)), TLS: s.TLS})
	}
	return list, nil
}

// tls is how the group's connections are encrypted.
func (g Group) tls() (*tls.Config, error) {
	transport, err := httpsend.NewTransport(httpsend.Config{
		CAFile: g.Config.CAFile, CertFile: g.Config.ClientCert, KeyFile: g.Config.ClientKey, SkipVerify: g.Config.TLSSkipVerify,
	})
	if err != nil {
		return nil, err
	}
	config := transport.TLSClientConfig
	config.ServerName = g.Config.TLSServerName
	return config, nil
}

// byProxy reports whether connections to u are made by another.
func (g Group) byProxy(u *url.URL) bool {
	switch proxy := g.Config.Proxy.Reveal(); {
	case proxy == "none":
		return false
	case proxy != "":
		return true
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	return err != nil || proxy != nil
}
