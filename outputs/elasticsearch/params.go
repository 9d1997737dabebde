package elasticsearch

import (
	"errors"
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

func (p *params) apply(req *esapi.BulkRequest, streams bool) {
	yes, no := true, false
	if streams && !p.noRequireDataStream.Load() {
		req.RequireDataStream = &yes // a missing template must not make a stray index
	}
	if !p.noIncludeSourceOnError.Load() {
		req.IncludeSourceOnError = &no // log text does not belong in error messages
	}
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
