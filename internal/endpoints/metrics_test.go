package endpoints

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// series are the metrics of a registry, by name and labels.
func series(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				if l.GetName() != "output" {
					labels = append(labels, l.GetValue())
				}
			}
			all[f.GetName()+" "+strings.Join(labels, " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return all
}

func TestMetrics(t *testing.T) {
	fails := false
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if fails {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	at := strings.TrimPrefix(s.URL, "http://")
	r := prometheus.NewRegistry()
	d := testDeps()
	d.Metrics = r
	c := testConfig(s.URL)
	c.Breaker.Failures = 1
	for range 2 { // the second group is that of a reload: it goes on counting
		g := openGroup(t, c, d)
		fails = false
		_, _ = ask(t, g, "")
		fails = true
		_, _ = ask(t, g, "")
	}
	got := series(t, r)
	for name, want := range map[string]float64{
		"sluice_endpoint_requests_total " + at + " ok":     2,
		"sluice_endpoint_requests_total " + at + " failed": 2,
		"sluice_endpoint_state " + at:                      1,
		"sluice_endpoint_in_flight_requests " + at:         0,
		"sluice_endpoint_limit_requests ":                  2,
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s: got %v, %v, want %v", name, value, ok, want)
		}
	}
}

// Names come from DNS: their number has no bound of its own.
func TestLabelsAreBounded(t *testing.T) {
	r := prometheus.NewRegistry()
	d := testDeps()
	d.Metrics = r
	g := openGroup(t, testConfig("dns+http://es.test:9200"), d)
	var list []*Endpoint
	for i := range 200 {
		list = append(list, &Endpoint{scheme: "http", address: "es.test:9200", dial: fmt.Sprintf("10.0.0.%d:9200", i), weight: 1})
	}
	g.found(0, list, nil, time.Minute)
	if got := len(series(t, r)); got > 2*(maxNames+1)+2 {
		t.Errorf("got %d series, want those of %d endpoints", got, maxNames)
	}
	for i := range 1000 {
		g.found(0, []*Endpoint{{scheme: "http", address: "es.test:9200", dial: fmt.Sprintf("10.1.%d.%d:9200", i/250, i%250), weight: 1}}, nil, time.Minute)
		one, err := g.choose(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		one.done(OK, nil)
	}
	if got := len(series(t, r)); got > 3*(maxNames+1)+2 {
		t.Errorf("after a thousand lookups: got %d series, want those of %d endpoints", got, maxNames)
	}
}
