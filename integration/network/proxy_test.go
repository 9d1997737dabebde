//go:build integration

package network

import (
	"fmt"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/renthub/sluice/integration/rig"
)

// newProxy makes a proxy that is not started, since what is behind it may have
// to know its address first.
func newProxy(t testing.TB) *toxiproxy.Proxy {
	t.Helper()
	return proxyAt(t, rig.FreeAddress(t))
}

func proxyAt(t testing.TB, address string) *toxiproxy.Proxy {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	return toxiproxy.NewProxy(server, t.Name(), address, "")
}

// startProxy lets a proxy serve what is upstream, until the test ends.
func startProxy(t testing.TB, p *toxiproxy.Proxy, upstream string) {
	t.Helper()
	p.Upstream = upstream
	if err := p.Start(); err != nil {
		t.Fatalf("start the proxy: %v", err)
	}
	t.Cleanup(p.Stop)
}

// Directions of a toxic.
const (
	requests = "upstream"
	answers  = "downstream"
)

// toxic is one of toxiproxy's.
type toxic struct {
	kind, stream, attributes string
}

// fault is something that happens to every connection, old and new.
type fault struct {
	name   string
	refuse bool // no listener, and open connections are closed
	toxics []toxic
	causes []string // one of them must be in the status
}

var timedOut = []string{"timeout", "timed out", "deadline", "no answer"}

// cut is what the kernel and the protocols make of a connection that ends.
var cut = []string{"reset by peer", "EOF", "broken pipe", "closed"}

func faults() []fault {
	return []fault{
		{name: "refused", refuse: true, causes: []string{"connection refused"}},
		{name: "reset before the body", toxics: []toxic{{"reset_peer", requests, `{"timeout":0}`}}, causes: cut},
		{name: "cut in the middle of the body", toxics: []toxic{{"limit_data", requests, `{"bytes":900}`}}, causes: cut},
		{name: "reset after the body", toxics: []toxic{{"reset_peer", answers, `{"timeout":0}`}}, causes: cut},
		{name: "half-open", toxics: []toxic{{"timeout", answers, `{"timeout":0}`}}, causes: timedOut},
		{name: "black hole", toxics: []toxic{{"timeout", requests, `{"timeout":0}`}, {"timeout", answers, `{"timeout":0}`}}, causes: timedOut},
		{name: "one byte a second", toxics: []toxic{{"slicer", requests, `{"average_size":1,"size_variation":0,"delay":1000000}`}}, causes: timedOut},
		{name: "an answer of one byte a second", toxics: []toxic{{"slicer", answers, `{"average_size":1,"size_variation":0,"delay":1000000}`}}, causes: timedOut},
	}
}

func (f fault) begin(t testing.TB, p *toxiproxy.Proxy) {
	t.Helper()
	if f.refuse {
		p.Stop()
		return
	}
	for i, x := range f.toxics {
		text := fmt.Sprintf(`{"name":"fault-%d","type":%q,"stream":%q,"toxicity":1,"attributes":%s}`, i, x.kind, x.stream, x.attributes)
		if _, err := p.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			t.Fatalf("add a toxic: %v", err)
		}
	}
}

// end puts a new proxy in the place of one, so that new connections are served.
// Old ones are closed, as they would be by a machine that was away. Toxics are
// not taken out of links whose client is gone: toxiproxy waits for that without
// end.
func (f fault) end(t testing.TB, old *toxiproxy.Proxy) *toxiproxy.Proxy {
	t.Helper()
	old.Stop()
	p := proxyAt(t, old.Listen)
	startProxy(t, p, old.Upstream)
	return p
}
