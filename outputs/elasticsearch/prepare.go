package elasticsearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// prepare checks the product and puts missing templates, before the first
// request and again after the server said that something is missing. One Send
// does it while the others wait.
func (o *Output) prepare(ctx context.Context) error {
	if o.prepared.Load() {
		return nil
	}
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for the server to be checked: %w", ctx.Err())
	}
	defer func() { <-o.turn }()
	if o.prepared.Load() {
		return nil
	}
	if err := o.checkProduct(ctx); err != nil {
		return fmt.Errorf("check the server: %w", err)
	}
	if o.config.Bootstrap == bootstrapIfMissing {
		if err := o.bootstrap(ctx); err != nil {
			return fmt.Errorf("put missing index templates: %w", err)
		}
	}
	o.prepared.Store(true)
	return nil
}

var errProduct = errors.New(`the server does not say that it is Elasticsearch: set product = "any" for OpenSearch and others that speak its bulk API`)

// checkProduct asks the server what it is. An API key that may only write gets
// a 403 here, and a server without this page a 405: both name the product.
func (o *Output) checkProduct(ctx context.Context) error {
	if o.config.Product == productAny {
		return nil
	}
	answer, _, err := o.call(ctx, esapi.InfoRequest{})
	var refusal *refused
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	named := answer.Header.Get("X-Elastic-Product") == "Elasticsearch"
	if err == nil {
		if !named {
			return &outputs.Misconfigured{Err: errProduct}
		}
		return nil
	}
	if named && (refusal.status == http.StatusForbidden || refusal.status == http.StatusMethodNotAllowed) {
		return nil
	}
	return o.callError(answer, refusal)
}

// callError is the error for a refused request other than bulk.
func (o *Output) callError(answer *esapi.Response, e *refused) error {
	pause := httpsend.RetryAfter(answer.Header, o.now())
	switch httpsend.ClassOf(e.status) {
	case httpsend.Throttle:
		return &outputs.Throttled{After: pause, Err: e}
	case httpsend.Again:
		return e
	}
	return o.needsPerson(e)
}
