package endpoints

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// tryError is why a try at an endpoint failed, and what can be done about it.
type tryError struct {
	endpoint string
	err      error
	advice   string // "" where waiting is all there is
	person   bool   // it does not get better by itself
}

func (e *tryError) Error() string {
	if e.advice == "" {
		return e.endpoint + ": " + e.err.Error()
	}
	return e.endpoint + ": " + e.err.Error() + ": " + e.advice
}

func (e *tryError) Unwrap() error { return e.err }

// needsPerson reports whether an error of a try does not get better by itself.
func needsPerson(err error) bool {
	var e *tryError
	return errors.As(err, &e) && e.person
}

// adviceOf is what to do about an error of a try.
func adviceOf(err error) string {
	var e *tryError
	if errors.As(err, &e) {
		return e.advice
	}
	return ""
}

// explain says where an error happened and what to do about it.
func (g *Group) explain(endpoint *Endpoint, err error) error {
	var known *tryError
	if err == nil || errors.As(err, &known) {
		return err
	}
	var before *notTried
	if errors.As(err, &before) {
		return err
	}
	e := &tryError{endpoint: endpoint.Name(), err: err}
	for _, f := range []func(*Group, *Endpoint, error) string{adviseCertificate, adviseAlert, adviseProtocol, adviseProxy} {
		if e.advice = f(g, endpoint, err); e.advice != "" {
			e.person = true
			return e
		}
	}
	e.advice = adviseNetwork(g, endpoint, err)
	return e
}

// adviseCertificate is for a server's certificate that we do not take.
func adviseCertificate(g *Group, e *Endpoint, err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var weak x509.InsecureAlgorithmError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid):
		return adviseInvalid(invalid)
	case errors.As(err, &host):
		if len(host.Certificate.DNSNames)+len(host.Certificate.IPAddresses) == 0 {
			return "the certificate has no subject alternative name, its common name alone counts nowhere any more: it must be made again"
		}
		return fmt.Sprintf("the certificate is for %s: use such a name in endpoints, or set tls_server_name to one", namesOf(host.Certificate))
	case errors.As(err, &unknown):
		return adviseUnknown(g, unknown.Cert)
	case errors.As(err, &weak):
		return "the certificate is signed in a way that is not safe any more: it must be made again"
	case errors.As(err, &other):
		return "the server's certificate does not hold"
	}
	return ""
}

func adviseInvalid(e x509.CertificateInvalidError) string {
	switch e.Reason {
	case x509.Expired:
		now := time.Now()
		if now.Before(e.Cert.NotBefore) {
			return fmt.Sprintf("the certificate holds from %s on: look at the clocks of both machines", e.Cert.NotBefore.UTC().Format(time.DateTime))
		}
		return fmt.Sprintf("the certificate ended on %s: the server needs a new one", e.Cert.NotAfter.UTC().Format(time.DateTime))
	case x509.IncompatibleUsage:
		return "the certificate is not meant for servers: it must be made again, for server authentication"
	case x509.NotAuthorizedToSign:
		return "the certificate is signed by one that is no authority: ca_file must name the authority itself"
	}
	return "the server's certificate does not hold: it must be made again"
}

func adviseUnknown(g *Group, c *x509.Certificate) string {
	switch {
	case c != nil && c.CheckSignatureFrom(c) == nil || c != nil && c.Issuer.String() == c.Subject.String():
		return "the server signed its certificate itself: set ca_file to a file with that certificate, or use an authority's"
	case g.config.CAFile == "":
		return fmt.Sprintf("it is signed by %s, which this machine does not know: set ca_file to that authority's certificate", issuerOf(c))
	}
	return fmt.Sprintf("it is signed by %s, which is not in ca_file; or the server does not send the certificates in between", issuerOf(c))
}

func issuerOf(c *x509.Certificate) string {
	if c == nil || c.Issuer.String() == "" {
		return "an authority"
	}
	return fmt.Sprintf("%q", c.Issuer.String())
}

// namesOf are the first few names that a certificate is for.
func namesOf(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	const shown = 4
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return strings.Join(names, ", ")
}

// adviseAlert is for what the server does not take of us.
func adviseAlert(g *Group, _ *Endpoint, err error) string {
	var alert tls.AlertError
	if !errors.As(err, &alert) && !isRemoteAlert(err, &alert) {
		return ""
	}
	has := g.config.ClientCert != ""
	switch alert {
	case alertCertificateRequired, alertBadCertificate, alertHandshakeFailure, alertNoCertificate:
		if !has {
			return "the server may want a client's certificate: set client_cert and client_key"
		}
		if alert == alertHandshakeFailure {
			return "the server shares no way of encryption with us, or does not take client_cert"
		}
		return "the server does not take client_cert: look at its authority and at when it ends"
	case alertUnknownCA, alertUnsupportedCertificate, alertAccessDenied:
		return "the server does not take client_cert: it must be signed by an authority that the server knows"
	case alertCertificateExpired, alertCertificateRevoked:
		return "client_cert has ended or was taken back: it needs to be renewed"
	case alertProtocolVersion, alertInsufficientSecurity:
		return "the server does not speak TLS 1.2 or 1.3: it needs to be updated"
	case alertUnrecognizedName:
		return "the server has no certificate for this name: use one that it has in endpoints, or set tls_server_name"
	}
	return ""
}

// Alerts of TLS, by their numbers in RFC 8446 and RFC 5246.
const (
	alertHandshakeFailure       tls.AlertError = 40
	alertNoCertificate          tls.AlertError = 41
	alertBadCertificate         tls.AlertError = 42
	alertUnsupportedCertificate tls.AlertError = 43
	alertCertificateRevoked     tls.AlertError = 44
	alertCertificateExpired     tls.AlertError = 45
	alertUnknownCA              tls.AlertError = 48
	alertAccessDenied           tls.AlertError = 49
	alertProtocolVersion        tls.AlertError = 70
	alertInsufficientSecurity   tls.AlertError = 71
	alertUnrecognizedName       tls.AlertError = 112
	alertCertificateRequired    tls.AlertError = 116
)

// isRemoteAlert finds an alert that crypto/tls gives in a type of its own,
// which cannot be named: *net.OpError with "remote error".
func isRemoteAlert(err error, alert *tls.AlertError) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	for a := range tls.AlertError(255) {
		if op.Err.Error() == a.Error() {
			*alert = a
			return true
		}
	}
	return false
}

// adviseProtocol is for a peer that speaks something else.
func adviseProtocol(_ *Group, e *Endpoint, err error) string {
	var notTLS tls.RecordHeaderError
	text := err.Error()
	switch {
	case errors.As(err, &notTLS):
		plain := strings.TrimSuffix(strings.Replace(e.scheme, "tls", "tcp", 1), "s")
		return fmt.Sprintf("the server does not speak TLS there, or a proxy is in between: if that is meant, begin the endpoint with %s://", plain)
	case strings.Contains(text, "server gave HTTP response to HTTPS client"): // net/http has no type for it
		return "the server does not speak TLS there, or a proxy is in between: if that is meant, begin the endpoint with http://"
	case strings.Contains(text, "malformed HTTP response \"\\x15\\x03"):
		return "the server speaks TLS there: begin the endpoint with https://"
	case isCutAnswer(text):
		return "" // what was sent may well be stored
	case strings.Contains(text, "malformed HTTP"):
		return "the server does not speak HTTP there: look at the port"
	case strings.Contains(text, "server selected unsupported protocol version"):
		return "the server does not speak TLS 1.2 or 1.3: it needs to be updated"
	}
	return ""
}

// isCutAnswer reports whether an error is of a first line that is HTTP, as far as
// it came before the connection ended. net/http takes it for another protocol,
// and has no type for it.
func isCutAnswer(text string) bool {
	if _, rest, ok := strings.Cut(text, `malformed HTTP response "`); ok {
		line, _, _ := strings.Cut(rest, `"`)
		return strings.HasPrefix("HTTP/1.1", line) || strings.HasPrefix("HTTP/1.0", line)
	}
	_, rest, ok := strings.Cut(text, `malformed HTTP status code "`)
	code, _, _ := strings.Cut(rest, `"`)
	return ok && len(code) < 3
}

// adviseProxy is for a proxy that does not let us through.
func adviseProxy(_ *Group, _ *Endpoint, err error) string {
	var refusal *proxyRefusal
	switch text := err.Error(); {
	case errors.As(err, &refusal) && refusal.status == 407, strings.Contains(text, "Proxy Authentication Required"):
		return "the proxy wants a user and a password: proxy = \"http://USER:PASSWORD@HOST:PORT\""
	case strings.Contains(text, "username/password authentication failed"), strings.Contains(text, "no acceptable authentication methods"):
		return "the proxy wants another user and password: proxy = \"socks5://USER:PASSWORD@HOST:PORT\""
	case errors.As(err, &refusal) && refusal.status == 403:
		return "the proxy does not allow this address"
	}
	return ""
}

// adviseNetwork is for what may well get better by itself.
func adviseNetwork(g *Group, e *Endpoint, err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name is not known: look at its spelling"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case e.scheme == "http" && !e.answered.Load() && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)):
		return "a server that speaks TLS does that to http://, and https:// may be meant"
	case errors.Is(err, errTimeout):
		return fmt.Sprintf("the setting timeout is %v", g.config.Timeout)
	}
	return ""
}
