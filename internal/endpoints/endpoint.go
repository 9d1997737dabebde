package endpoints

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Endpoint is one place that a try can go to. What is not immutable is guarded
// by its group's mu, but for what is atomic.
type Endpoint struct {
	scheme  string // immutable, as all up to weight
	host    string // the name that certificates are checked for
	address string // host:port, what requests name
	dial    string // host:port that is connected to, if it is not address
	path    string // before that of each request
	standby bool
	from    int // number of the address in the config that it belongs to

	weight    int
	state     State
	since     time.Time     // of the state
	failures  int           // of tries, in a row
	badChecks int           // health checks that failed, in a row
	lastErr   error         // of the last failure
	errAt     time.Time     // of lastErr
	restUntil time.Time     // another is preferred until then
	openUntil time.Time     // when open: the next try
	coolDown  time.Duration // the last one
	good      int           // good tries in a row while half-open
	trying    bool          // a try finds out whether it is back
	checking  bool          // a health check is under way
	checkedAt time.Time     // when the last check ended
	inFlight  int           // tries and connections
	share     int           // of the weighted round robin

	transport atomic.Pointer[transport]
	answered  atomic.Bool // it gave an answer once
}

// transport is what requests to one endpoint go through, made with the
// certificates of one generation.
type transport struct {
	http       *http.Transport
	generation uint64
}

// Name is the endpoint for people: its host, port and path. It is no secret.
func (e *Endpoint) Name() string {
	if e.dial != "" && e.dial != e.address {
		return e.address + "(" + strings.TrimSuffix(e.dial, ":"+portIn(e.dial)) + ")" + e.path
	}
	return e.address + e.path
}

func portIn(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return port
}

// same reports whether two endpoints are one place.
func (e *Endpoint) same(o *Endpoint) bool {
	return e.scheme == o.scheme && e.address == o.address && e.dial == o.dial && e.path == o.path && e.standby == o.standby
}

// State is that of an endpoint's circuit breaker.
type State uint8

// The states.
const (
	Closed   State = iota // in use
	Open                  // given up until its cool-down ends
	HalfOpen              // a try finds out whether it is back
)

func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case Open:
		return "open"
	case HalfOpen:
		return "half-open"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Outcome is how a try ended.
type Outcome uint8

// The outcomes.
const (
	OK        Outcome = iota // the endpoint works, whatever it thinks of the request
	Throttled                // it works and asks for less
	Failed                   // it does not work
	Cancelled                // nothing is known
)

func (o Outcome) String() string {
	switch o {
	case OK:
		return "ok"
	case Throttled:
		return "throttled"
	case Failed:
		return "failed"
	case Cancelled:
		return "cancelled"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// outcomeOf is what a status says of the endpoint itself: that of a gateway
// that does not reach the server is a failure, and a 500 can be the request's
// own fault.
func outcomeOf(status int) Outcome {
	switch status {
	case http.StatusTooManyRequests:
		return Throttled
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Failed
	}
	return OK
}
