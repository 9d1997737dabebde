package splunk

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/httpsend"
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
	for _, a := range o.way.config.Endpoints {
		base := ""
		if !isDiscovered(a.URL) { // else one of those behind it answers for all
			if base = a.URL; !strings.Contains(base, "://") {
				base = schemes()[0] + "://" + base
			}
			if !o.checkWay(ctx, base, &f) {
				continue
			}
		}
		if o.checkHealth(ctx, base, &f) && o.checkToken(ctx, base, &f) {
			o.checkAcks(ctx, base, &f)
		}
	}
	o.checkIndexes(&f)
	return f.list
}

// checkWay tries how far a connection comes. It reports whether it is worth
// going on.
func (o *Output) checkWay(ctx context.Context, base string, f *findings) bool {
	u, err := url.Parse(base)
	if err != nil { // the group has read it before
		return true
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err != nil || proxy != nil || o.config.Proxy.IsSet() {
		f.add("connect", outputs.CheckPassed, "", "%s is reached by a proxy, or may be", u.Host)
		return true
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		f.add("resolve", outputs.CheckFailed, "check the name in endpoints, and the name server", "%v", err)
		return false
	}
	f.add("resolve", outputs.CheckPassed, "", "%s is %s", host, strings.Join(addresses, ", "))
	dialer := net.Dialer{Timeout: o.config.ConnectTimeout.Std()}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		f.add("connect", outputs.CheckFailed, "is the HTTP Event Collector enabled (Settings, Data inputs), and the port open?", "%v", err)
		return false
	}
	defer conn.Close() // nothing is sent over it
	f.add("connect", outputs.CheckPassed, "", "%s answers", conn.RemoteAddr())
	return u.Scheme != "https" || o.checkTLS(ctx, conn, host, f)
}

// checkTLS does a handshake with the settings of the output.
func (o *Output) checkTLS(ctx context.Context, conn net.Conn, host string, f *findings) bool {
	c := o.config
	transport, err := endpoints.NewTransport(c.Config)
	if err != nil {
		f.add("tls", outputs.CheckFailed, "mend this setting", "%v", err)
		return false
	}
	t := transport.TLSClientConfig
	if t.ServerName = c.TLSServerName; t.ServerName == "" {
		t.ServerName = host
	}
	secure := tls.Client(conn, t)
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
	if c.TLSSkipVerify {
		status, hint = outputs.CheckWarned, "tls_skip_verify is for tests: set ca_file instead"
	}
	f.add("tls", status, hint, "the certificate of %s is good for %d days", host, days)
	return true
}

func (o *Output) checkHealth(ctx context.Context, base string, f *findings) bool {
	a, at, date, err := o.askHealth(ctx, base)
	if err != nil {
		f.add("health", outputs.CheckFailed, "see the error", "%v", err)
		return false
	}
	switch text := (&refused{a}).Error(); {
	case a.status == http.StatusOK:
		f.add("health", outputs.CheckPassed, "", "%s is healthy", at)
	case classOf(a.code) == again:
		f.add("health", outputs.CheckWarned, "it takes nothing now: the indexers behind it are behind", "%s: %s", at, text)
	default:
		f.add("health", outputs.CheckWarned, "is this the address of the HTTP Event Collector?", "%s: %s", at, text)
	}
	if theirs, err := http.ParseTime(date); err == nil {
		skew := o.now().Sub(theirs).Round(time.Second)
		if skew.Abs() > clockSkew {
			f.add("clock", outputs.CheckWarned, "set the clock: events of this host are found at other times", "ours is %v from that of %s", skew, at)
		} else {
			f.add("clock", outputs.CheckPassed, "", "ours is %v from that of %s", skew, at)
		}
	}
	return true
}

// askHealth asks an endpoint how it is, and for its time.
func (o *Output) askHealth(ctx context.Context, base string) (a answer, at, date string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://endpoint"+healthPath, nil)
	if err != nil {
		return a, "", "", fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", o.agent)
	res, err := o.way.do(ctx, base, req)
	if err != nil {
		return a, "", "", err
	}
	defer httpsend.Finish(res.Body)
	a, err = o.readAnswer(res)
	return a, res.Request.URL.Host, res.Header.Get("Date"), err
}

// checkToken sends a request without events: the token is looked at first, and
// there is nothing to store.
func (o *Output) checkToken(ctx context.Context, base string, f *findings) bool {
	const codeNoData = 5
	a, at, err := o.post(ctx, base, eventPath, &channel{id: newGUID()}, bytes.NewReader(nil))
	_, at, _ = strings.Cut(at, "://")
	switch text := (&refused{a}).Error(); {
	case err != nil:
		f.add("log in", outputs.CheckFailed, "see the error", "%v", err)
		return false
	case a.code == codeNoData:
		f.add("log in", outputs.CheckPassed, "", "%s takes the token", at)
	case classOf(a.code) == person, a.code == none && a.status >= 400 && a.status < 500:
		f.add("log in", outputs.CheckFailed, "check token: it is shown under Settings, Data inputs, HTTP Event Collector", "%s: %s", at, text)
		return false
	default:
		f.add("log in", outputs.CheckWarned, "this is not what Splunk answers to a request without events", "%s: %s", at, text)
	}
	return true
}

func (o *Output) checkAcks(ctx context.Context, base string, f *findings) {
	const step, hint = "acknowledgement", "set useACK on the token, or an answer is all that is known of documents"
	err := o.probeAcks(ctx, base)
	switch {
	case o.config.Ack == ackOff && err == nil:
		f.add(step, outputs.CheckWarned, `set ack = "auto", or take useACK off the token`, "the token acknowledges and is never asked: what piles up so is refused some day (code 27)")
	case o.config.Ack == ackOff:
		f.add(step, outputs.CheckPassed, "", `not waited for: ack = "off"`)
	case err == nil:
		f.add(step, outputs.CheckPassed, "", "what is indexed is acknowledged")
	case o.config.Ack == ackRequired:
		f.add(step, outputs.CheckFailed, hint, "%v", err)
	default:
		f.add(step, outputs.CheckWarned, hint, "%v", err)
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
