//go:build integration

package network

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	lumber "github.com/elastic/go-lumber/server/v2"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/internal/hecsim"
)

// destination is a stand-in behind a proxy.
type destination struct {
	name   string // of the output, "splunk.main"
	proxy  *toxiproxy.Proxy
	output string // block
	// stored counts what is there in the end.
	stored func(t testing.TB) *rig.Ledger
	// repeats is how many repeats the agent's metrics allow.
	repeats func(metrics map[string]float64) float64
}

// destinations starts one of each kind.
func destinations(t *testing.T) []*destination {
	return []*destination{elasticsearch(t), splunk(t), cloudwatch(t), lumberjack(t), kafka(t)}
}

// short is what HTTP outputs have so that a fault of seconds shows and passes.
const short = `timeout = "1s"
  connect_timeout = "1s"
  breaker {
    cool_down     = "200ms"
    max_cool_down = "1s"
  }`

func block(kind string, lines ...string) string {
	return fmt.Sprintf("output %q \"main\" {\n  %s\n}\n", kind, strings.Join(lines, "\n  "))
}

// serveHTTP starts a server behind a proxy and returns the proxy's address.
func serveHTTP(t testing.TB, p *toxiproxy.Proxy, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	startProxy(t, p, s.Listener.Addr().String())
	return "http://" + p.Listen
}

func none(map[string]float64) float64 { return 0 }

func elasticsearch(t *testing.T) *destination {
	var ledger rig.Ledger
	sim := essim.New(essim.Options{Strict: true, KeepIDs: true, Templates: []string{"logs-*"}, OnDoc: func(_, _ string, doc []byte) { ledger.Add(doc) }})
	p := newProxy(t)
	url := serveHTTP(t, p, sim)
	return &destination{
		name: "elasticsearch.main", proxy: p, repeats: none, stored: func(testing.TB) *rig.Ledger { return &ledger },
		output: block("elasticsearch", fmt.Sprintf("endpoints = [%q]", url), `bootstrap = "never"`, short),
	}
}

func splunk(t *testing.T) *destination {
	sim := hecsim.New(hecsim.Options{Tokens: map[string]hecsim.Token{"any": {}}})
	p := newProxy(t)
	url := serveHTTP(t, p, sim)
	return &destination{
		name: "splunk.main", proxy: p, output: block("splunk", fmt.Sprintf("endpoints = [%q]", url), `token = "any"`, short),
		repeats: func(m map[string]float64) float64 {
			return m[`sluice_splunk_unclear_documents_total{output="splunk.main"}`]
		},
		stored: func(testing.TB) *rig.Ledger {
			var ledger rig.Ledger
			for _, o := range sim.Stored() {
				ledger.Add([]byte(o.Event))
			}
			return &ledger
		},
	}
}

func cloudwatch(t *testing.T) *destination {
	sim := cwsim.New(cwsim.Options{AccessKey: "AKID", Secret: "secret", CheckClock: true})
	p := newProxy(t)
	url := serveHTTP(t, p, sim)
	return &destination{
		name: "cloudwatch.main", proxy: p, output: block("cloudwatch", fmt.Sprintf("endpoints = [%q]", url), `timeout = "1s"`),
		repeats: func(m map[string]float64) float64 {
			return m[`sluice_cloudwatch_possible_repeats_total{output="cloudwatch.main"}`]
		},
		stored: func(testing.TB) *rig.Ledger {
			var ledger rig.Ledger
			for _, e := range sim.Events() {
				ledger.Add([]byte(e.Message))
			}
			return &ledger
		},
	}
}

// mostOnTheWay is what one connection to Logstash can have sent and not heard
// of: two windows of the default size.
const mostOnTheWay = 2 * 2048

func lumberjack(t *testing.T) *destination {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := lumber.NewWithListener(l, lumber.JSONDecoder(func(b []byte, into any) error {
		*into.(*any) = string(b)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	var ledger rig.Ledger
	var serving sync.WaitGroup
	serving.Go(func() {
		for batch := range s.ReceiveChan() {
			for _, doc := range batch.Events {
				ledger.Add([]byte(doc.(string)))
			}
			batch.ACK()
		}
	})
	t.Cleanup(func() {
		s.Close()
		serving.Wait()
	})
	p := newProxy(t)
	startProxy(t, p, l.Addr().String())
	return &destination{
		name: "lumberjack.main", proxy: p, output: block("lumberjack", fmt.Sprintf("endpoints = [%q]", p.Listen), short),
		repeats: func(m map[string]float64) float64 {
			return mostOnTheWay * m[`sluice_lumberjack_broken_connections_total{output="lumberjack.main"}`]
		},
		stored: func(testing.TB) *rig.Ledger { return &ledger },
	}
}

// advertised is a listener that names another address as its own: brokers tell
// clients where to connect.
type advertised struct {
	net.Listener
	as net.Addr
}

func (a advertised) Addr() net.Addr { return a.as }

func kafka(t *testing.T) *destination {
	p := newProxy(t)
	as, err := net.ResolveTCPAddr("tcp", p.Listen)
	if err != nil {
		t.Fatal(err)
	}
	var real string
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		real = l.Addr().String()
		return advertised{l, as}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	startProxy(t, p, real)
	return &destination{
		name: "kafka.main", proxy: p, repeats: none,
		output: block("kafka", fmt.Sprintf("endpoints = [%q]", p.Listen), `timeout = "1s"`, "partitions = 3"),
		stored: func(t testing.TB) *rig.Ledger { return consume(t, p.Listen, "logs-standard") },
	}
}

// consume reads a topic from its beginning to its end.
func consume(t testing.TB, address, topic string) *rig.Ledger {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var ledger rig.Ledger
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		records := c.PollFetches(ctx).Records()
		cancel()
		if len(records) == 0 && ledger.Came() > 0 {
			return &ledger
		}
		for _, r := range records {
			ledger.Add(r.Value)
		}
		if t.Context().Err() != nil {
			t.Fatal("the topic could not be read")
		}
	}
}
