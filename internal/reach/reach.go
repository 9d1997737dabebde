// Package reach tries how far a connection to a server comes: the first steps
// of an output's check. Nothing is sent over it but a TLS handshake.
package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/renthub/sluice/outputs"
)

const (
	stepTimeout = 10 * time.Second
	soon        = 21 * 24 * time.Hour // before its end a certificate is worth a word
	shown       = 3                   // addresses of a name
)

// Server is what is to be reached.
type Server struct {
	Host, Port string
	TLS        *tls.Config // nil speaks plain TCP
	// Bad is how serious a failure is: CheckFailed, or CheckWarned where
	// other servers can do the work.
	Bad outputs.CheckStatus
}

// Try resolves the name, connects, and does a handshake. It ends at the first
// step that fails, and reports whether none did.
func (s Server) Try(ctx context.Context, now time.Time) (found []outputs.Finding, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, s.Host)
	if err != nil {
		return append(found, s.bad("resolve", err, "check the name in endpoints, and this machine's name servers")), false
	}
	if net.ParseIP(s.Host) == nil {
		found = append(found, passed("resolve", "%s is %s", s.Host, strings.Join(addresses[:min(len(addresses), shown)], ", ")))
	}
	address := net.JoinHostPort(s.Host, s.Port)
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return append(found, s.bad("connect", err, "is the server up, and is its port open for this machine?")), false
	}
	defer conn.Close()
	found = append(found, passed("connect", "%s takes connections", address))
	if s.TLS == nil {
		return found, true
	}
	finding, ok := s.handshake(ctx, conn, now)
	return append(found, finding), ok
}

func (s Server) handshake(ctx context.Context, conn net.Conn, now time.Time) (outputs.Finding, bool) {
	config := s.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName = s.Host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return s.bad("tls", err, adviceFor(err)), false
	}
	end := secure.ConnectionState().PeerCertificates[0].NotAfter
	f := passed("tls", "the certificate of %s is good for %d days", s.Host, int(end.Sub(now)/(24*time.Hour)))
	switch {
	case config.InsecureSkipVerify:
		f.Status, f.Hint = outputs.CheckWarned, "tls_skip_verify is for tests: set ca_file instead"
	case end.Sub(now) < soon:
		f.Status, f.Hint = outputs.CheckWarned, "renew the server's certificate"
	}
	return f, true
}

func adviceFor(err error) string {
	var notTLS tls.RecordHeaderError
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &notTLS):
		return "the server does not speak TLS there: change the scheme in endpoints"
	case errors.As(err, &name):
		return "the certificate is for other names: use one of them in endpoints"
	case errors.As(err, &authority):
		return "set ca_file to the certificate of the authority that signed the server's"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the server's certificate, or set this machine's clock"
	}
	return "check ca_file, client_cert and client_key, and what the server's log says"
}

func passed(step, format string, args ...any) outputs.Finding {
	return outputs.Finding{Step: step, Detail: fmt.Sprintf(format, args...)}
}

func (s Server) bad(step string, err error, hint string) outputs.Finding {
	return outputs.Finding{Step: step, Status: s.Bad, Detail: err.Error(), Hint: hint}
}
