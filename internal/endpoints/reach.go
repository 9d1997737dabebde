package endpoints

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/renthub/sluice/outputs"
)

const (
	reachTimeout = 10 * time.Second
	soon         = 21 * 24 * time.Hour // before its end a certificate is worth a word
	maxShown     = 3                   // addresses of a name
)

// InUse reports whether tries go to e now: connections that last are to be
// closed when a better endpoint is back.
func (g *Group) InUse(e *Endpoint) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	list, _ := g.inUse()
	return slices.Contains(list, e)
}

// Reach tries for each endpoint how far a connection comes: its name, the
// connection, TLS. Nothing is sent. It is the beginning of an output's check,
// and reports whether there is an endpoint that can be reached; one that
// cannot, beside others, is a warning.
func (g *Group) Reach(ctx context.Context, now time.Time) (found []outputs.Finding, ok bool) {
	list, found := g.known(ctx)
	alone := len(list)+len(found) <= 1
	reached := 0
	for _, e := range list {
		more, err := g.reach(ctx, e, now)
		if err == nil {
			reached++
		} else if !alone {
			more[len(more)-1].Status = outputs.CheckWarned
		}
		found = append(found, more...)
	}
	if reached == 0 && !alone {
		found = append(found, outputs.Finding{Step: "connect", Status: outputs.CheckFailed, Detail: "none of the endpoints can be used", Hint: "see the lines above"})
	}
	return found, reached > 0
}

// known are the endpoints, looked up anew where they are looked up.
func (g *Group) known(ctx context.Context) (list []*Endpoint, found []outputs.Finding) {
	for _, t := range g.targets {
		if t.discovery == fixed {
			list = append(list, t.endpoint())
			continue
		}
		more, err := g.look(ctx, t)
		if err != nil {
			found = append(found, failed("resolve", err, "look at the name in endpoints, and at this machine's name servers"))
		}
		list = append(list, more...)
	}
	return list, found
}

// reach tries one endpoint. The last finding is that of the error.
func (g *Group) reach(ctx context.Context, e *Endpoint, now time.Time) ([]outputs.Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	if g.byProxy(e) {
		return []outputs.Finding{passed("connect", "%s is reached by a proxy", e.Name())}, nil
	}
	var found []outputs.Finding
	if net.ParseIP(e.host) == nil {
		addresses, err := g.resolve.dns.LookupHost(ctx, e.host)
		if err != nil {
			return append(found, failed("resolve", err, "look at the name in endpoints, and at this machine's name servers")), err
		}
		found = append(found, passed("resolve", "%s is %s", e.host, strings.Join(addresses[:min(len(addresses), maxShown)], ", ")))
	}
	c, err := g.wire.connect(ctx, e)
	if err != nil {
		step, hint := "connect", "is the server up, and is its port open for this machine?"
		if err = g.explain(e, err); needsPerson(err) {
			step, hint = "tls", adviceOf(err)
		}
		return append(found, failed(step, err, hint)), err
	}
	defer c.Close()
	found = append(found, passed("connect", "%s takes connections", e.Name()))
	if secure, ok := c.(*tls.Conn); ok {
		found = append(found, g.certificate(e, secure.ConnectionState(), now))
	}
	return found, nil
}

// certificate says for how long a server's certificate is good.
func (g *Group) certificate(e *Endpoint, s tls.ConnectionState, now time.Time) outputs.Finding {
	left := s.PeerCertificates[0].NotAfter.Sub(now)
	f := passed("tls", "the certificate of %s is good for %d days", e.host, int(left/(24*time.Hour)))
	switch {
	case g.config.TLSSkipVerify:
		f.Status, f.Hint = outputs.CheckWarned, "tls_skip_verify is for tests: set ca_file instead"
	case left < soon:
		f.Status, f.Hint = outputs.CheckWarned, "the server needs a new certificate soon"
	}
	return f
}

// byProxy reports whether connections to e are made by another.
func (g *Group) byProxy(e *Endpoint) bool {
	if !isHTTP(e.scheme) {
		return false // dialled through it all the same
	}
	proxy, err := g.wire.proxyFor(&url.URL{Scheme: e.scheme, Host: e.address})
	return err != nil || proxy != nil
}

func passed(step, format string, args ...any) outputs.Finding {
	return outputs.Finding{Step: step, Detail: fmt.Sprintf(format, args...)}
}

func failed(step string, err error, hint string) outputs.Finding {
	return outputs.Finding{Step: step, Status: outputs.CheckFailed, Detail: err.Error(), Hint: hint}
}
