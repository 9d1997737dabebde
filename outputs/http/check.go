package http

import (
	"context"
	"fmt"
	nethttp "net/http"
	"net/url"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/internal/reach"
	"github.com/renthub/sluice/outputs"
)

// Check implements outputs.Checker.
func (o *Output) Check(ctx context.Context) []outputs.Finding {
	bad := outputs.CheckFailed
	if len(o.endpoints.urls) > 1 {
		bad = outputs.CheckWarned
	}
	var all []outputs.Finding
	reached := 0
	for _, u := range o.endpoints.urls {
		found, ok := o.reach(ctx, u, bad)
		all = append(all, found...)
		if !ok {
			continue
		}
		f := o.ask(ctx, u, bad)
		all = append(all, f)
		if f.Status != bad || f.Status == outputs.CheckPassed {
			reached++
		}
	}
	if reached == 0 && bad != outputs.CheckFailed {
		all = append(all, outputs.Finding{Step: "connect", Status: outputs.CheckFailed, Detail: "none of the endpoints can be used", Hint: "see above"})
	}
	return all
}

// reach connects to the host of a URL, unless a proxy does that for us.
func (o *Output) reach(ctx context.Context, u *url.URL, bad outputs.CheckStatus) ([]outputs.Finding, bool) {
	if proxy, err := o.transport.Proxy(&nethttp.Request{URL: u}); err != nil || proxy != nil {
		return []outputs.Finding{{Step: "connect", Detail: u.Host + " is reached by a proxy"}}, true
	}
	s := reach.Server{Host: u.Hostname(), Port: u.Port(), Bad: bad}
	if s.Port == "" {
		s.Port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if u.Scheme == "https" {
		s.TLS = o.transport.TLSClientConfig
	}
	return s.Try(ctx, o.now())
}

// ask makes a HEAD request, which stores nothing. Few servers answer it at an
// address that takes documents, so only what is said of the credentials is
// taken for sure.
func (o *Output) ask(ctx context.Context, u *url.URL, bad outputs.CheckStatus) outputs.Finding {
	f := outputs.Finding{Step: "log in"}
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout.Std())
	defer cancel()
	req, err := o.requestTo(ctx, u, nethttp.MethodHead, nil)
	if err != nil {
		f.Status, f.Detail = bad, err.Error()
		return f
	}
	answer, err := o.transport.RoundTrip(req)
	if err != nil {
		f.Status, f.Detail, f.Hint = bad, err.Error(), "does an HTTP server listen there?"
		return f
	}
	httpsend.Finish(answer.Body)
	f.Detail = fmt.Sprintf("%s answers HEAD with status %d", u.Host, answer.StatusCode)
	switch code := answer.StatusCode; {
	case code == nethttp.StatusUnauthorized, code == nethttp.StatusForbidden, code == nethttp.StatusProxyAuthRequired:
		f.Status, f.Hint = bad, "check token, username and password, or headers"
	case code >= 300 && code < 400:
		f.Status, f.Hint = bad, "redirects are not followed: use the address that it names in endpoints"
	case code == nethttp.StatusNotFound:
		f.Status, f.Hint = outputs.CheckWarned, "many servers know no HEAD, but is the path right?"
	case code == nethttp.StatusMethodNotAllowed, code == nethttp.StatusNotImplemented, code < 300:
	case code >= 500 || code == nethttp.StatusTooManyRequests:
		f.Status, f.Hint = outputs.CheckWarned, "it may be down or overloaded; documents wait meanwhile"
	default:
		f.Status, f.Hint = outputs.CheckWarned, "many servers know no HEAD: documents may be taken all the same"
	}
	return f
}
