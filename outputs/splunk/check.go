package splunk

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/renthub/sluice/outputs"
)

// clockSkew is how far the collector's clock may be from ours.
const clockSkew = 5 * time.Minute

// certificateDays is how many days a certificate should have left.
const certificateDays = 14

// findings are those of a check.
type findings struct{ list []outputs.Finding }

func (f *findings) add(step string, status outputs.CheckStatus, hint, format string, args ...any) {
	f.list = append(f.list, outputs.Finding{Step: step, Status: status, Detail: fmt.Sprintf(format, args...), Hint: hint})
}

// Check implements outputs.Checker.
func (o *Output) Check(ctx context.Context) []outputs.Finding {
	var f findings
	for _, e := range o.endpoints.list {
		if o.checkWay(ctx, e, &f) && o.checkHealth(ctx, e, &f) && o.checkToken(ctx, e, &f) {
			o.checkAcks(ctx, e, &f)
		}
	}
	o.checkIndexes(&f)
	return f.list
}

// checkWay tries how far a connection comes. It reports whether it is worth
// going on.
func (o *Output) checkWay(ctx context.Context, e *endpoint, f *findings) bool {
	host, port := e.url.Hostname(), e.url.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[e.url.Scheme]
	}
	if proxy, err := o.transport.Proxy(&http.Request{URL: e.url}); err != nil || proxy != nil {
		f.add("connect", outputs.CheckPassed, "", "%s is reached by a proxy", e.url.Host)
		return true
	}
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		f.add("resolve", outputs.CheckFailed, "check the name in endpoints, and the name server", "%v", err)
		return false
	}
	f.add("resolve", outputs.CheckPassed, "", "%s is %s", host, strings.Join(addresses, ", "))
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		f.add("connect", outputs.CheckFailed, "is the HTTP Event Collector enabled (Settings, Data inputs), and the port open?", "%v", err)
		return false
	}
	f.add("connect", outputs.CheckPassed, "", "%s answers", conn.RemoteAddr())
	if e.url.Scheme == "https" {
		return o.checkTLS(ctx, conn, host, f)
	}
	_ = conn.Close() // nothing was sent
	return true
}

// checkTLS does a handshake as the transport does, and closes the connection.
func (o *Output) checkTLS(ctx context.Context, conn net.Conn, host string, f *findings) bool {
	c := o.transport.TLSClientConfig.Clone()
	if c.ServerName == "" {
		c.ServerName = host
	}
	secure := tls.Client(conn, c)
	defer secure.Close()
	if err := secure.HandshakeContext(ctx); err != nil {
		hint := "set ca_file to the certificate of the authority that signed the server's"
		var notTLS tls.RecordHeaderError
		if errors.As(err, &notTLS) {
			hint = "the collector speaks plain HTTP: write http:// in endpoints, or enable SSL in its global settings"
		}
		f.add("tls", outputs.CheckFailed, hint, "%v", err)
		return false
	}
	certificate := secure.ConnectionState().PeerCertificates[0]
	days := int(certificate.NotAfter.Sub(o.now()) / (24 * time.Hour))
	status, hint := outputs.CheckPassed, ""
	if days < certificateDays {
		status, hint = outputs.CheckWarned, "renew it"
	}
	if c.InsecureSkipVerify {
		status, hint = outputs.CheckWarned, "tls_skip_verify is for tests: set ca_file instead"
	}
	f.add("tls", status, hint, "the certificate of %s is good for %d days", host, days)
	return true
}

func (o *Output) checkHealth(ctx context.Context, e *endpoint, f *findings) bool {
	a, date, err := o.askHealth(ctx, e)
	if err != nil {
		f.add("health", outputs.CheckFailed, "", "%v", err)
		return false
	}
	switch text := (&refused{a}).Error(); {
	case a.status == http.StatusOK:
		f.add("health", outputs.CheckPassed, "", "%s is healthy", e.url.Host)
	case classOf(a.code) == again:
		f.add("health", outputs.CheckWarned, "it takes nothing now: the indexers behind it are behind", "%s: %s", e.url.Host, text)
	default:
		f.add("health", outputs.CheckWarned, "is this the address of the HTTP Event Collector?", "%s: %s", e.url.Host, text)
	}
	if at, err := http.ParseTime(date); err == nil {
		skew := o.now().Sub(at).Round(time.Second)
		if skew.Abs() > clockSkew {
			f.add("clock", outputs.CheckWarned, "set the clock: events of this host are found at other times", "ours is %v from that of %s", skew, e.url.Host)
		} else {
			f.add("clock", outputs.CheckPassed, "", "ours is %v from that of %s", skew, e.url.Host)
		}
	}
	return true
}

// askHealth asks an endpoint how it is, and for its time.
func (o *Output) askHealth(ctx context.Context, e *endpoint) (answer, string, error) {
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout.Std())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.health, nil)
	if err != nil {
		return answer{}, "", fmt.Errorf("make request: %w", err)
	}
	res, err := o.do(req)
	if err != nil {
		return answer{}, "", err
	}
	a, err := o.readAnswer(res)
	return a, res.Header.Get("Date"), err
}

// checkToken sends a request without events: the token is looked at first, and
// there is nothing to store.
func (o *Output) checkToken(ctx context.Context, e *endpoint, f *findings) bool {
	const codeNoData = 5
	a, err := o.post(ctx, e, e.events, &channel{id: newGUID()}, bytes.NewReader(nil))
	switch text := (&refused{a}).Error(); {
	case err != nil:
		f.add("log in", outputs.CheckFailed, "", "%v", err)
		return false
	case a.code == codeNoData:
		f.add("log in", outputs.CheckPassed, "", "%s takes the token", e.url.Host)
	case classOf(a.code) == person, a.code == none && a.status >= 400 && a.status < 500:
		f.add("log in", outputs.CheckFailed, "check token: it is shown under Settings, Data inputs, HTTP Event Collector", "%s: %s", e.url.Host, text)
		return false
	default:
		f.add("log in", outputs.CheckWarned, "this is not what Splunk answers to a request without events", "%s: %s", e.url.Host, text)
	}
	return true
}

func (o *Output) checkAcks(ctx context.Context, e *endpoint, f *findings) {
	const step, hint = "acknowledgement", "set useACK on the token, or an answer is all that is known of documents"
	if o.config.Ack == ackOff {
		f.add(step, outputs.CheckPassed, "", `not waited for: ack = "off"`)
		return
	}
	err := o.probeAcks(ctx, e)
	switch {
	case err == nil:
		f.add(step, outputs.CheckPassed, "", "%s acknowledges what is indexed", e.url.Host)
	case o.config.Ack == ackRequired:
		f.add(step, outputs.CheckFailed, hint, "%s: %v", e.url.Host, err)
	default:
		f.add(step, outputs.CheckWarned, hint, "%s: %v", e.url.Host, err)
	}
}

// checkIndexes says that it does not know: HEC tells whether a token may write
// to an index only when a document is written.
func (o *Output) checkIndexes(f *findings) {
	if o.envelope.index == nil {
		f.add("index", outputs.CheckPassed, "", "the token's default index")
		return
	}
	var list []string
	for _, class := range o.classes {
		list = append(list, o.envelope.index.pattern(class.Name))
	}
	f.add("index", outputs.CheckPassed, "", "HEC does not say before a document is written whether the token may write to %s: compare the token's list", strings.Join(list, ", "))
}
