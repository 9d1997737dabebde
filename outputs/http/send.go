package http

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/url"
	"strings"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// maxAnswer is how much of the answer to a request that was taken is read.
// What it says does not matter, only that it ends.
const maxAnswer = 1 << 20

// maxReason is the length of a reason, in bytes.
const maxReason = 1 << 10

// Send implements outputs.Output.
func (o *Output) Send(ctx context.Context, r *outputs.Request) error {
	if len(r.Docs) == 0 {
		return nil
	}
	e := o.encoders.get()
	b, err := o.encoders.body(e, r.Docs)
	if err != nil {
		return err
	}
	err = o.post(ctx, httpsend.NewBody([][]byte{b}), len(r.Docs))
	o.encoders.put(e) // post has released b
	return err
}

// post makes one request of count documents. It releases the body.
func (o *Output) post(ctx context.Context, body *httpsend.Body, count int) error {
	defer body.Release() // the transport may still be reading the caller's memory
	req, err := o.request(ctx, o.config.Method, body)
	if err != nil {
		return err
	}
	answer, err := o.group.Do(ctx, req, "")
	if err != nil {
		return fmt.Errorf("send a request: %w", err)
	}
	defer httpsend.Finish(answer.Body)
	v := o.judge.of(answer.StatusCode)
	if v != success {
		return o.refusal(v, answer, count)
	}
	if _, err := io.CopyN(io.Discard, answer.Body, maxAnswer); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// request makes a request, to which the group adds host and path of an
// endpoint, and authorize the rest.
func (o *Output) request(ctx context.Context, method string, body io.Reader) (*nethttp.Request, error) {
	req, err := nethttp.NewRequestWithContext(ctx, method, (&url.URL{Scheme: "http", Host: "endpoint", Path: o.config.Path}).String(), body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	if body == nil {
		return req, nil
	}
	req.Header.Set("Content-Type", o.contentType())
	if o.config.Compression != compressionNone {
		req.Header.Set("Content-Encoding", o.config.Compression)
	}
	return req, nil
}

func (o *Output) contentType() string {
	switch {
	case o.config.ContentType != "":
		return o.config.ContentType
	case o.config.Format == formatArray:
		return "application/json"
	}
	return "application/x-ndjson"
}

// refusal is the error for a request that was not taken.
func (o *Output) refusal(v verdict, answer *nethttp.Response, count int) error {
	err := fmt.Errorf("status %d: %s", answer.StatusCode, o.reason(answer))
	pause := httpsend.RetryAfter(answer.Header, o.now())
	switch v {
	case throttled:
		return &outputs.Throttled{After: pause, Err: err}
	case tooLarge:
		return fmt.Errorf("%w: %w", outputs.ErrTooLarge, err)
	case poison:
		if count > 1 { // the pipeline halves the request until the document stands alone
			return fmt.Errorf("a document is refused: %w: %w", outputs.ErrTooLarge, err)
		}
		return &outputs.Poisoned{Err: err}
	case needsPerson:
		if answer.StatusCode == nethttp.StatusUnauthorized || answer.StatusCode == nethttp.StatusForbidden {
			if rereadErr := o.refreshSecrets(); rereadErr != nil {
				err = fmt.Errorf("%w; read its secret again: %w", err, rereadErr)
			}
		}
		return &outputs.Misconfigured{Err: err}
	}
	if pause > 0 { // 503 with a time
		return &outputs.Throttled{After: pause, Err: err}
	}
	return err
}

// reason is what the server says, cut and without our secrets: a proxy may
// show the request that it refuses.
func (o *Output) reason(answer *nethttp.Response) string {
	body, _ := httpsend.Read(nil, answer.Body, httpsend.MaxErrorBody) // what can be read of it will do
	text := string(body)
	for _, s := range o.secrets() {
		text = strings.ReplaceAll(text, s.Reveal(), "(secret)")
	}
	if o.config.Password.IsSet() {
		basic := base64.StdEncoding.EncodeToString([]byte(o.config.Username + ":" + o.config.Password.Reveal()))
		text = strings.ReplaceAll(text, basic, "(secret)")
	}
	if text = httpsend.Excerpt(text, maxReason); text == "" {
		return "no reason given"
	}
	return text
}
