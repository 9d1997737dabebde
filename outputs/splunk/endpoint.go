package splunk

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// coolDown is how long an endpoint that failed is passed over, if there is
// another.
const coolDown = 10 * time.Second

// endpoint is one address of the collector.
type endpoint struct {
	url                  *url.URL
	events, acks, health string
	downUntil            atomic.Int64 // nanoseconds since 1970
}

// ring gives requests to endpoints in turn.
type ring struct {
	list []*endpoint
	turn atomic.Uint32
}

func newRing(urls []*url.URL) *ring {
	r := &ring{}
	for _, u := range urls {
		base := u.JoinPath("services", "collector").String()
		r.list = append(r.list, &endpoint{url: u, events: base + "/event", acks: base + "/ack", health: base + "/health"})
	}
	return r
}

// pick returns the next endpoint that has not failed a moment ago, or the next
// if all have.
func (r *ring) pick(now time.Time) *endpoint {
	start := int(r.turn.Add(1)-1) % len(r.list)
	for i := range r.list {
		if e := r.list[(start+i)%len(r.list)]; e.downUntil.Load() <= now.UnixNano() {
			return e
		}
	}
	return r.list[start]
}

func (e *endpoint) failed(now time.Time) { e.downUntil.Store(now.Add(coolDown).UnixNano()) }
func (e *endpoint) answered()            { e.downUntil.Store(0) }

// collectorPaths are what people append to the address, since HEC's own pages
// show it so.
var collectorPaths = []string{"/services/collector/event/1.0", "/services/collector/event", "/services/collector"}

// urls are the endpoints as URLs, without the collector's own path.
func (c Config) urls() ([]*url.URL, error) {
	var list []*url.URL
	for _, text := range c.Endpoints {
		text = strings.TrimSpace(text)
		if !strings.Contains(text, "://") {
			text = "https://" + text
		}
		u, err := url.Parse(text)
		if err != nil {
			return nil, errors.New("an endpoint is no URL") // the text may hold a token: it is not shown
		}
		switch {
		case u.User != nil:
			return nil, fmt.Errorf("endpoint %s holds credentials: use token", u.Host)
		case u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("endpoint %s: its scheme must be http or https", u.Host)
		case u.Hostname() == "":
			return nil, errors.New("an endpoint names no host")
		case u.RawQuery != "" || u.Fragment != "":
			return nil, fmt.Errorf("endpoint %s%s must end with its path", u.Host, u.Path)
		}
		u.Path = strings.TrimRight(u.Path, "/")
		for _, p := range collectorPaths {
			if rest, ok := strings.CutSuffix(u.Path, p); ok {
				u.Path = rest
				break
			}
		}
		list = append(list, u)
	}
	return list, nil
}
