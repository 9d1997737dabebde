package splunk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
)

// The collector's pages, below the path of an endpoint.
const (
	eventPath  = "/services/collector/event"
	ackPath    = "/services/collector/ack"
	healthPath = "/services/collector/health"
)

// way is how the collector is reached: by a group of endpoints, and for what
// only one of them can answer by each of them alone.
type way struct {
	group  *endpoints.Group
	config endpoints.Config
	deps   endpoints.Deps

	mu    sync.Mutex
	alone map[string]*endpoints.Group // guarded by mu; by base
}

// newWay makes a way. Nothing is asked of the network.
func newWay(c Config, d outputs.Deps) (*way, error) {
	w := &way{config: c.Config, alone: map[string]*endpoints.Group{}}
	w.config.Endpoints = slices.Clone(c.Endpoints)
	for i := range w.config.Endpoints {
		w.config.Endpoints[i].URL = withoutPage(w.config.Endpoints[i].URL)
	}
	w.deps = endpoints.Deps{
		Name: d.Name, Logger: d.Logger, Metrics: d.Metrics, Schemes: schemes(),
		Authorize: func(req *http.Request) error { return authorize(req, c) }, Credentials: true,
		Check: endpoints.Get(healthPath),
	}
	var err error
	w.group, err = endpoints.New(w.config, w.deps)
	return w, err
}

// schemes are those that endpoints can have; one without is https.
func schemes() []string { return []string{"https", "http"} }

// withoutPage is an address without the collector's own path, which people
// append since HEC's pages show it so.
func withoutPage(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	for _, p := range []string{eventPath + "/1.0", eventPath, "/services/collector"} {
		if rest, ok := strings.CutSuffix(text, p); ok {
			return rest
		}
	}
	return text
}

// isDiscovered reports whether an address stands for several endpoints.
func isDiscovered(url string) bool {
	url = strings.TrimSpace(url)
	return strings.HasPrefix(url, "dns+") || strings.HasPrefix(url, "srv+")
}

// do sends a request to the endpoint of that base, or if it is "" to the one
// whose turn it is.
func (w *way) do(ctx context.Context, base string, req *http.Request) (*http.Response, error) {
	g := w.group
	if base != "" {
		var err error
		if g, err = w.only(base); err != nil {
			return nil, err
		}
	}
	return g.Do(ctx, req, "")
}

// only is the group of one endpoint alone. There are no more of them than
// endpoints in the config, since bases come from those.
func (w *way) only(base string) (*endpoints.Group, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.alone[base]; g != nil {
		return g, nil
	}
	c, d := w.config, w.deps
	c.Endpoints = endpoints.At(base)
	c.InFlight, c.MinInFlight, c.RateLimit, c.BandwidthLimit, c.HealthCheck.Interval = maxUnacked, maxUnacked, 0, 0, 0
	d.Metrics, d.Check, d.Credentials = nil, nil, false // the group of all counts and warns
	g, err := endpoints.New(c, d)
	if err != nil {
		return nil, fmt.Errorf("reach %s alone: %w", base, err)
	}
	w.alone[base] = g
	return g, nil
}

// baseOf is the endpoint that a request for one of the collector's pages goes
// to.
func baseOf(u *url.URL) string {
	path := u.Path
	for _, page := range []string{eventPath, ackPath, healthPath} {
		if rest, ok := strings.CutSuffix(path, page); ok {
			path = rest
			break
		}
	}
	return u.Scheme + "://" + u.Host + path
}

func (w *way) close() error {
	w.mu.Lock()
	list := slices.Collect(maps.Values(w.alone))
	w.mu.Unlock()
	var errs []error
	for _, g := range list {
		errs = append(errs, g.Close())
	}
	return errors.Join(append(errs, w.group.Close())...)
}

// authorize puts the token on a request, and the cookies of its channel. The
// token is read for each, since its file may have changed.
func authorize(req *http.Request, c Config) error {
	req.Header.Set("Authorization", "Splunk "+c.Token.Reveal())
	if held, ok := req.Context().Value(channelKey{}).(*channel); ok {
		held.mark(req)
	}
	return nil
}
