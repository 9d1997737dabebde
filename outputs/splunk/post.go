package splunk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// post sends a body to one of the collector's addresses and reads the answer.
// body may be nil.
func (o *Output) post(ctx context.Context, e *endpoint, url string, c *channel, body io.Reader) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout.Std())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return answer{}, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if _, ok := body.(*httpsend.Body); ok {
		req.Header.Set("Content-Encoding", "gzip")
	}
	c.mark(req, e)
	res, err := o.do(req)
	if err != nil {
		return answer{}, err
	}
	c.remember(res, e)
	return o.readAnswer(res)
}

// do sends a request with our token.
func (o *Output) do(req *http.Request) (*http.Response, error) {
	req.Header.Set("Authorization", "Splunk "+o.config.Token.Reveal()) // read each time: its file may have changed
	req.Header.Set("User-Agent", o.agent)
	res, err := httpsend.RoundTripper{Transport: o.transport}.RoundTrip(req)
	if err != nil {
		return nil, broken(err)
	}
	return res, nil
}

// broken is the error for a request without an answer.
func broken(err error) error {
	var certificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	switch {
	case errors.As(err, &certificate):
		return &outputs.Misconfigured{Err: err}
	case errors.As(err, &notTLS):
		return &outputs.Misconfigured{Err: fmt.Errorf("the server does not speak TLS, or a proxy is in between: %w", err)}
	}
	return err
}
