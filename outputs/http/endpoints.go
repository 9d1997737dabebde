package http

import (
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
)

var (
	errNoURL    = errors.New("is none")
	errScheme   = errors.New("is neither http nor https")
	errUser     = errors.New("holds credentials: use username and password")
	errFragment = errors.New("has a fragment (#)")
)

// endpoints are the URLs to choose from, in turn.
type endpoints struct {
	urls []*url.URL
	next atomic.Uint32
}

func newEndpoints(texts []string) (*endpoints, error) {
	e := &endpoints{}
	for _, text := range texts {
		u, err := parseEndpoint(text)
		if err != nil {
			return nil, fmt.Errorf("an endpoint %w", err)
		}
		e.urls = append(e.urls, u)
	}
	return e, nil
}

// choose returns the URL for the next request.
func (e *endpoints) choose() *url.URL {
	return e.urls[int(e.next.Add(1)-1)%len(e.urls)]
}
