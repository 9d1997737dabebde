package elasticsearch

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// errParameter means that a request was refused for a parameter that the next
// one will not have.
var errParameter = errors.New("the server does not know a parameter")

// params are the optional parameters of _bulk. They came with versions of
// Elasticsearch, and others never had them. A server that does not know one
// refuses the whole request and names it, which is surer than to ask for a
// version: that needs a privilege, and forks have numbers of their own.
type params struct {
	noRequireDataStream    atomic.Bool
	noIncludeSourceOnError atomic.Bool
}

// optionalParams is their number.
const optionalParams = 2

// on returns a transport that adds to a request those that the server is not
// known to refuse. streams is whether it goes to data streams.
func (p *params) on(t esapi.Transport, streams bool) esapi.Transport {
	var query string
	if streams && !p.noRequireDataStream.Load() {
		query += "&require_data_stream=true" // a missing template must not make a stray index
	}
	if !p.noIncludeSourceOnError.Load() {
		query += "&include_source_on_error=false" // log text does not belong in error messages
	}
	return withQuery{t, query}
}

// withQuery adds to the query of requests, which has something in it already.
// That esapi does not know these parameters is on purpose: from version 8.12 on
// it is instrumented for tracing, and takes the compiler half as long again.
type withQuery struct {
	esapi.Transport
	more string // "&name=value"
}

// Perform implements esapi.Transport.
func (t withQuery) Perform(req *http.Request) (*http.Response, error) {
	req.URL.RawQuery += t.more
	return t.Transport.Perform(req)
}

// learn reads which parameters were refused and reports whether any of them
// will be left out from now on. Another Send may have learnt it before.
func (p *params) learn(reason string) bool {
	known := false
	for name, without := range map[string]*atomic.Bool{
		"[require_data_stream]":     &p.noRequireDataStream,
		"[include_source_on_error]": &p.noIncludeSourceOnError,
	} {
		if strings.Contains(reason, name) {
			without.Store(true)
			known = true
		}
	}
	return known
}
