package elasticsearch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Send implements outputs.Output.
func (o *Output) Send(ctx context.Context, r *outputs.Request) error {
	if r.Count == 0 {
		return nil
	}
	if err := o.prepare(ctx); err != nil {
		return err
	}
	err := o.try(ctx, r)
	for range optionalParams {
		if !errors.Is(err, errParameter) {
			break
		}
		err = o.try(ctx, r) // nothing was stored
	}
	return err
}

// try sends one bulk request.
func (o *Output) try(ctx context.Context, r *outputs.Request) error {
	body := httpsend.NewBody(r.Body)
	defer body.Release() // the transport may still be reading r's memory
	answer, err := o.bulk(ctx, body)
	if err != nil {
		return fmt.Errorf("send bulk request: %w", err)
	}
	defer httpsend.Finish(answer.Body)
	if httpsend.ClassOf(answer.StatusCode) != httpsend.Taken {
		return o.refusal(answer, r.Count)
	}
	result, err := o.readResult(answer.Body, r.Count)
	if err != nil {
		return fmt.Errorf("read bulk answer: %w", err)
	}
	return o.verdict(answer.Body, result, r.Count)
}

var bulkHeader = map[string][]string{
	"Content-Type":     {"application/x-ndjson"},
	"Content-Encoding": {"gzip"},
}

// resultPath is what of the answer is read. Without items.*.status the items
// that went well would be left out, and with them everyone's position.
var resultPath = []string{"errors", "items.*.status", "items.*.failure_store",
	"items.*.error.type", "items.*.error.reason", "items.*.error.caused_by.reason"}

func (o *Output) bulk(ctx context.Context, body io.Reader) (*esapi.Response, error) {
	req := esapi.BulkRequest{
		Body:       body,
		FilterPath: resultPath,
		// The server is to give up first, and say for which documents.
		Timeout: o.config.Timeout.Std() * 3 / 4,
		Header:  http.Header(bulkHeader).Clone(),
		// "" leaves it to the index.
		Pipeline: o.config.Pipeline,
	}
	if stream, ok := o.streams.form.constant(); ok {
		req.Index = stream
	}
	return req.Do(ctx, o.params.on(o.client, o.config.Index == nil))
}

// verdict is what Send returns for an answer that could be read.
func (o *Output) verdict(body io.ReadCloser, res result, count int) error {
	o.metrics.duplicates.Add(float64(res.duplicates))
	o.metrics.failureStore.Add(float64(res.failureStore))
	if len(res.failed) == 0 {
		return nil
	}
	for _, f := range res.failed {
		if f.Answer == outputs.NeedConfig {
			o.prepared.Store(false) // a template may have been taken away
			break
		}
	}
	partial := &outputs.Partial{Failed: res.failed}
	if len(res.failed) == count && res.throttled == count {
		endpoints.ReportBody(body, endpoints.Throttled, nil)
		return &outputs.Throttled{Err: partial}
	}
	return partial
}

// refusal is the error for a request that was answered with another status
// than 2xx.
func (o *Output) refusal(answer *esapi.Response, count int) error {
	e := o.readError(answer)
	pause := httpsend.RetryAfter(answer.Header, o.now())
	switch httpsend.ClassOf(e.status) {
	case httpsend.Throttle:
		return &outputs.Throttled{After: pause, Err: e}
	case httpsend.Large:
		return fmt.Errorf("%w: %w", outputs.ErrTooLarge, e)
	case httpsend.Person:
		return o.needsPerson(e)
	case httpsend.Refused:
		return o.badRequest(e)
	}
	if pause > 0 { // 503 with a time
		return &outputs.Throttled{After: pause, Err: e}
	}
	return e
}

func (o *Output) needsPerson(e *refused) error {
	o.prepared.Store(false)
	if e.status == http.StatusUnauthorized || e.status == http.StatusForbidden {
		if err := o.refreshSecrets(); err != nil {
			return &outputs.Misconfigured{Err: fmt.Errorf("%w; read its secret again: %w", e, err)}
		}
	}
	return &outputs.Misconfigured{Err: e}
}

// badRequest is the error for a 400, which says nothing of a single document.
// One that is about documents (malformed lines: a defect of ours) is answered
// with ErrTooLarge: the pipeline halves the request until the document stands
// alone, and that one becomes a dead letter. But a 400 that every request would
// get (a proxy's, an unknown parameter, a header) must not turn a whole stream
// into dead letters: a person must act.
func (o *Output) badRequest(e *refused) error {
	switch {
	case e.aboutParameter() && o.params.learn(e.reason):
		return fmt.Errorf("%w: %w", errParameter, e)
	case e.status == http.StatusBadRequest && e.aboutBody():
		return fmt.Errorf("%w: %w", outputs.ErrTooLarge, e)
	}
	return &outputs.Misconfigured{Err: e}
}

// call sends a request other than bulk and returns its answer's body.
func (o *Output) call(ctx context.Context, req esapi.Request) (*esapi.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	answer, err := req.Do(ctx, o.client)
	if err != nil {
		return nil, nil, err
	}
	defer httpsend.Finish(answer.Body)
	if answer.IsError() || answer.StatusCode >= 300 {
		return answer, nil, o.readError(answer)
	}
	body, err := httpsend.Read(nil, answer.Body, 16<<20)
	if err != nil {
		return nil, nil, fmt.Errorf("read answer: %w", err)
	}
	return answer, body, nil
}
