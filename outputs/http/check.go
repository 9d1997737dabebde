package http

import (
	"context"
	"fmt"
	nethttp "net/http"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Check implements outputs.Checker.
func (o *Output) Check(ctx context.Context) []outputs.Finding {
	found, ok := o.group.Reach(ctx, o.now())
	if !ok {
		return found
	}
	return append(found, o.ask(ctx))
}

// ask makes a HEAD request, which stores nothing. Few servers answer it at an
// address that takes documents, so only what is said of the credentials is
// taken for sure.
func (o *Output) ask(ctx context.Context) outputs.Finding {
	f := outputs.Finding{Step: "log in"}
	answer, err := o.head(ctx)
	if err != nil {
		f.Status, f.Detail, f.Hint = outputs.CheckFailed, err.Error(), "does an HTTP server listen there?"
		return f
	}
	httpsend.Finish(answer.Body)
	f.Detail = fmt.Sprintf("HEAD is answered with status %d", answer.StatusCode)
	switch code := answer.StatusCode; {
	case code == nethttp.StatusUnauthorized, code == nethttp.StatusForbidden, code == nethttp.StatusProxyAuthRequired:
		f.Status, f.Hint = outputs.CheckFailed, "check token, username and password, or headers"
	case code >= 300 && code < 400:
		f.Status, f.Hint = outputs.CheckFailed, "redirects are not followed: use the address that it names in endpoints"
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

// head asks the first endpoint that answers.
func (o *Output) head(ctx context.Context) (answer *nethttp.Response, err error) {
	for range o.config.Endpoints {
		var req *nethttp.Request
		if req, err = o.request(ctx, nethttp.MethodHead, nil); err != nil {
			return nil, err
		}
		if answer, err = o.group.Do(ctx, req, ""); err == nil {
			break
		}
	}
	return answer, err
}
