package endpoints

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Deps are what a group works with. Only Name, Logger and Schemes are needed.
type Deps struct {
	Name    string // of the output, "elasticsearch.main"
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	Schemes []string // those that endpoints can have: http and https, or tcp and tls. The first is that of an address without one
	Port    string   // that of an address without one, over TCP

	// Authorize puts credentials on a request whose URL is final. It is called
	// concurrently. An error ends the try and says nothing of the endpoint.
	Authorize func(*http.Request) error
	// Credentials is whether it does: then endpoints without encryption are
	// warned of.
	Credentials bool
	// Check asks an endpoint whether it is well, within ctx. Without one a
	// connection that can be made is enough.
	Check func(ctx context.Context, p Probe) error
	// Outcome is what an answer says of its endpoint, where its status means
	// something else there than usual.
	Outcome func(*http.Response) Outcome

	MaxAnswer int64         // longest body of an answer; 0 is 64 MiB
	Key       string        // for the balance "hash" where a try has no key; "" is this host's name
	Resolver  *net.Resolver // nil is the system's
}

// Group sends requests to one of several endpoints. It is safe for concurrent
// use.
type Group struct {
	config  Config    // immutable, as all up to metrics
	deps    Deps      //
	targets []target  //
	rules   rules     //
	limit   *limit    //
	pace    pace      //
	wire    *wire     //
	metrics *metrics  //
	resolve *resolver //

	mu        sync.Mutex
	endpoints []*Endpoint   // guarded by mu
	lookups   []lookup      // guarded by mu; one for each target
	standby   bool          // guarded by mu; standbys are in use
	changed   chan struct{} // guarded by mu; closed and made anew when a state changes

	begin sync.Once
	ctx   context.Context // of all that runs beside requests; ends with Close
	end   context.CancelFunc
	runs  sync.WaitGroup
	kick  chan struct{} // wakes the checks: a state has changed
}

// New makes a group. It reads the certificates' files and asks nothing of the
// network.
func New(c Config, d Deps) (*Group, error) {
	if err := problems(c.Problems(d.Schemes...)).err(); err != nil {
		return nil, err
	}
	if d.Resolver == nil {
		d.Resolver = net.DefaultResolver
	}
	if d.MaxAnswer <= 0 {
		d.MaxAnswer = 64 << 20
	}
	if d.Key == "" {
		d.Key, _ = os.Hostname() // without a name all such agents take the same endpoint
	}
	g := &Group{
		config: c, deps: d,
		rules:   rules{c.Breaker.Failures, c.Breaker.CoolDown.Std(), c.Breaker.MaxCoolDown.Std(), c.HealthCheck.HandBackAfter},
		limit:   newLimit(c.MinInFlight, c.InFlight),
		pace:    newPace(c),
		resolve: &resolver{d.Resolver},
		changed: make(chan struct{}),
		kick:    make(chan struct{}, 1),
	}
	var err error
	if g.wire, err = newWire(c, d); err != nil {
		return nil, err
	}
	if g.metrics, err = newMetrics(d); err != nil {
		return nil, err
	}
	if err := g.parse(); err != nil {
		return nil, err
	}
	g.ctx, g.end = context.WithCancel(context.Background())
	g.warn()
	g.show()
	return g, nil
}

// parse makes the endpoints that need no lookup.
func (g *Group) parse() error {
	now := time.Now()
	g.lookups = make([]lookup, len(g.config.Endpoints))
	for i, a := range g.config.Endpoints {
		t, err := a.parse(g.deps.Schemes, g.deps.Port)
		if err != nil {
			return fmt.Errorf("read endpoints: %w", err)
		}
		g.targets = append(g.targets, t)
		if t.discovery == fixed {
			g.lookups[i].done = true
			e := t.endpoint()
			e.from, e.since, e.checkedAt = i, now, now
			g.endpoints = append(g.endpoints, e)
		}
	}
	return nil
}

// warn says what makes connections less safe than they could be.
func (g *Group) warn() {
	unverified := 0.0
	if g.config.TLSSkipVerify {
		unverified = 1
		g.deps.Logger.Warn("certificates are not verified: anyone on the way can read and change logs", "setting", "tls_skip_verify")
	}
	g.metrics.skipped.WithLabelValues().Set(unverified)
	for _, t := range g.targets {
		if g.deps.Credentials && !isTLS(t.scheme) {
			g.deps.Logger.Warn("credentials are sent without encryption", "endpoint", t.name())
		}
	}
}

// start begins what runs beside requests, with the first of them.
func (g *Group) start() {
	g.begin.Do(func() {
		if g.ctx.Err() != nil {
			return
		}
		g.runs.Go(func() { g.watch(g.ctx) })
		for i, t := range g.targets {
			if t.discovery != fixed {
				g.runs.Go(func() { g.follow(g.ctx, i) })
			}
		}
	})
}

// Close ends what runs beside requests, and waits for it. It is called once,
// after the last try.
func (g *Group) Close() error {
	g.begin.Do(func() {}) // nothing begins any more
	g.end()
	g.runs.Wait()
	g.mu.Lock()
	list := g.endpoints
	g.mu.Unlock()
	for _, e := range list {
		e.closeIdle()
	}
	return nil
}

// errClosed means that a group was used after Close.
var errClosed = errors.New("the output is closed")

// update changes the endpoints' states by f and tells all who depend on them.
func (g *Group) update(f func(now time.Time)) {
	now := time.Now()
	g.mu.Lock()
	before := g.states()
	f(now)
	said := g.compare(now, before)
	if len(said) > 0 {
		close(g.changed)
		g.changed = make(chan struct{})
	}
	g.mu.Unlock()
	g.show()
	if len(said) == 0 {
		return
	}
	select {
	case g.kick <- struct{}{}:
	default: // it is awake
	}
	for _, one := range said {
		one.log(g.deps.Logger)
	}
}
