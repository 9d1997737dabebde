package splunk

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
)

// channel is what the collector counts ids of acknowledgement in. It has one
// holder at a time, and so never more than one id that is waited for: an
// indexer that restarts counts from 0 again, and on a channel with two such ids
// the "true" for the later request could be taken for the earlier one's.
type channel struct {
	id string
	// cookies are those by which a balancer sends us to the same indexer again,
	// and the endpoint that gave them.
	cookies []*http.Cookie
	from    string
}

// channelKey is where a request's context has its channel.
type channelKey struct{}

// channels are those that nobody holds.
type channels struct {
	mu   sync.Mutex
	free []*channel // guarded by mu
}

// take returns a channel to hold.
func (cs *channels) take() *channel {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if n := len(cs.free); n > 0 {
		c := cs.free[n-1]
		cs.free = cs.free[:n-1]
		return c
	}
	return &channel{id: newGUID()}
}

// give returns a channel of which no id is open. One with an open id is not
// given back: nobody will hear of it again.
func (cs *channels) give(c *channel) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.free = append(cs.free, c)
}

// mark puts the cookies on a request that goes to the endpoint that gave them.
func (c *channel) mark(req *http.Request) {
	if len(c.cookies) == 0 || c.from != baseOf(req.URL) {
		return
	}
	for _, cookie := range c.cookies {
		req.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
}

// maxCookies bounds what a server makes us carry.
const maxCookies = 10

// remember takes up the cookies of an answer of an endpoint.
func (c *channel) remember(res *http.Response, base string) {
	if list := res.Cookies(); len(list) > 0 {
		c.cookies, c.from = list[:min(len(list), maxCookies)], base
	}
}

// newGUID returns a random GUID in the form that Splunk reads.
func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
