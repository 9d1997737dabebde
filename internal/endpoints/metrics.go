package endpoints

import (
	"errors"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// maxNames is how many endpoints have metrics of their own: names come from
// DNS, which may give others every day.
const maxNames = 64

// otherNames is the label of the endpoints beyond.
const otherNames = "other"

// metrics are what a group counts.
type metrics struct {
	requests *prometheus.CounterVec
	checks   *prometheus.CounterVec
	state    *prometheus.GaugeVec
	inFlight *prometheus.GaugeVec
	limit    *prometheus.GaugeVec
	skipped  *prometheus.GaugeVec

	mu    sync.Mutex
	names map[string]bool // guarded by mu
}

func newMetrics(d Deps) (*metrics, error) {
	fixed := prometheus.Labels{"output": d.Name}
	m := &metrics{
		names: map[string]bool{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_endpoint_requests_total", Help: "Tries at an endpoint, by how they ended: ok, throttled, failed or cancelled.", ConstLabels: fixed,
		}, []string{"endpoint", "outcome"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_endpoint_checks_total", Help: "Health checks of an endpoint, by how they ended.", ConstLabels: fixed,
		}, []string{"endpoint", "outcome"}),
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sluice_endpoint_state", Help: "State of an endpoint's circuit breaker: 0 closed (in use), 1 open, 2 half-open.", ConstLabels: fixed,
		}, []string{"endpoint"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sluice_endpoint_in_flight_requests", Help: "Tries and connections under way at an endpoint.", ConstLabels: fixed,
		}, []string{"endpoint"}),
		limit: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sluice_endpoint_limit_requests", Help: "How many requests the output sends at a time at present, between min_in_flight and in_flight.", ConstLabels: fixed,
		}, nil),
		skipped: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sluice_endpoint_unverified", Help: "1 if tls_skip_verify is set: anyone on the way can read and change logs.", ConstLabels: fixed,
		}, nil),
	}
	if d.Metrics == nil {
		return m, nil
	}
	return m, errors.Join(register(d.Metrics, &m.requests), register(d.Metrics, &m.checks), register(d.Metrics, &m.state),
		register(d.Metrics, &m.inFlight), register(d.Metrics, &m.limit), register(d.Metrics, &m.skipped))
}

// register registers a metric, or takes the one that is there: after a reload
// it goes on counting.
func register[C prometheus.Collector](r prometheus.Registerer, c *C) error {
	err := r.Register(*c)
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		if old, ok := there.ExistingCollector.(C); ok {
			*c = old
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

// label is the name of an endpoint, among a bounded number.
func (m *metrics) label(e *Endpoint) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := e.Name()
	if !m.names[name] {
		if len(m.names) >= maxNames {
			return otherNames
		}
		m.names[name] = true
	}
	return name
}

func (m *metrics) tried(e *Endpoint, o Outcome) {
	m.requests.WithLabelValues(m.label(e), o.String()).Inc()
}

func (m *metrics) checked(e *Endpoint, o Outcome) {
	m.checks.WithLabelValues(m.label(e), o.String()).Inc()
}

// forget ends what is shown of an endpoint that is gone.
func (m *metrics) forget(e *Endpoint) {
	name := m.label(e)
	if name == otherNames {
		return
	}
	for _, v := range []*prometheus.MetricVec{m.state.MetricVec, m.inFlight.MetricVec, m.requests.MetricVec, m.checks.MetricVec} {
		v.DeletePartialMatch(prometheus.Labels{"endpoint": name})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.names, name)
}
