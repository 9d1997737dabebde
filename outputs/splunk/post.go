package splunk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/httpsend"
)

// errNotSplunk is why an endpoint that answers is not used for a while.
var errNotSplunk = errors.New("its answer is not Splunk's")

// post sends a body to a page of the collector and reads the answer. base is
// the endpoint that it goes to, or "" for any; it returns the one that it went
// to.
func (o *Output) post(ctx context.Context, base, page string, c *channel, body io.Reader) (answer, string, error) {
	ctx = context.WithValue(ctx, channelKey{}, c)
	address := "http://endpoint" + page // the group puts its choice there
	if page == ackPath {
		address += "?channel=" + c.id
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
	if err != nil {
		return answer{}, "", fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Splunk-Request-Channel", c.id)
	if _, ok := body.(*httpsend.Body); ok {
		req.Header.Set("Content-Encoding", "gzip")
	}
	return o.exchange(ctx, base, c, req)
}

// exchange sends a request and reads the answer.
func (o *Output) exchange(ctx context.Context, base string, c *channel, req *http.Request) (answer, string, error) {
	req.Header.Set("User-Agent", o.agent)
	res, err := o.way.do(ctx, base, req)
	if err != nil {
		return answer{}, "", err
	}
	defer httpsend.Finish(res.Body)
	base = baseOf(res.Request.URL)
	c.remember(res, base)
	a, err := o.readAnswer(res)
	if strings.HasSuffix(req.URL.Path, eventPath) && a.code == none && httpsend.ClassOf(res.StatusCode) == httpsend.Taken {
		endpoints.ReportBody(res.Body, endpoints.Failed, errNotSplunk)
	}
	return a, base, err
}
