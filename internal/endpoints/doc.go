// Package endpoints is how every output over HTTP or TCP reaches its
// destination: a group of addresses of which one is chosen for each try.
//
// # For an output
//
// Embed Config in the output's config, so that all outputs have the same
// settings, and start from Defaults:
//
//	type Config struct {
//		endpoints.Config
//		Index string `hcl:"index,optional"` // ...
//	}
//
// Config.Validate reports what is wrong with a place in the file; an output
// with rules of its own, or without HTTP, has a Validate that adds to
// Config.Problems. Then, in the constructor (nothing is asked of the network
// before the first use):
//
//	group, err := endpoints.New(c.Config, endpoints.Deps{
//		Name: d.Name, Logger: d.Logger, Metrics: d.Metrics,
//		Schemes:   []string{"https", "http"},  // the first is that of endpoints without one
//		Authorize: func(r *http.Request) error { ... },
//		Check:     endpoints.Get("/health"),
//	})
//
// A request names no host. One call is one try, at one endpoint, within the
// setting timeout:
//
//	answer, err := group.Do(ctx, request, key)
//	defer httpsend.Finish(answer.Body)
//
// Group is an http.RoundTripper too. The answer's body must be closed: only
// then does the try end. Do judges an answer by its status; who reads better
// news in the body says so by Report before closing it. An output over TCP has
//
//	conn, endpoint, err := group.Dial(ctx, key)
//	group.Report(endpoint, endpoints.Failed, err)
//
// and, where its requests are to count against in_flight, Acquire. One whose
// destination names its other servers by itself, as Kafka does, reaches those
// by DialAddress.
//
// Reach is the beginning of an output's check (`sluice doctor`).
//
// Errors can be returned from Send as they are: *outputs.Misconfigured where a
// person must act (a certificate), *outputs.Unreachable while no endpoint is in
// use, and others for a try that failed, after which the next try goes
// elsewhere. Limits.InFlight is Config.InFlight. Close ends what runs.
//
// # How an endpoint is chosen
//
// Each endpoint has a circuit breaker: closed while it is in use, open after
// breaker.failures failures in a row, of requests or of checks, and half-open while one try, mostly a
// health check, finds out whether it is back. An endpoint whose last try
// failed rests for two seconds, if there is another. Standbys are used while
// no other endpoint is closed; these are taken back after hand_back_after good
// checks in a row. If all are open Do says so at once, and when the next of
// them is tried.
//
// # Addresses
//
// "https://a:9200" is one endpoint whose name is resolved for each new
// connection. "dns+https://name:9200" is an endpoint for each address that the
// name has, and "srv+https://_es._tcp.name" one for each of its SRV records,
// with their weights, those of the lowest priority first and the others as
// standbys. Both are looked up again each resolve_interval. While that fails
// the endpoints known last stay in use.
//
// # How many at a time
//
// At most in_flight. A 429, a time-out, or answers that take twice as long as
// they used to, lower the number by a third, down to min_in_flight; after ten
// calm seconds it grows again, by one each second in which all were in use.
package endpoints
