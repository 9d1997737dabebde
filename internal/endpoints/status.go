package endpoints

import "github.com/renthub/sluice/outputs"

// Status returns the endpoints in the order of the config.
func (g *Group) Status() []outputs.EndpointStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, standbys := g.inUse()
	list := make([]outputs.EndpointStatus, 0, len(g.endpoints))
	for _, e := range g.endpoints {
		s := outputs.EndpointStatus{
			Name: e.Name(), State: e.state.String(), Standby: e.standby, InUse: e.state == Closed && e.standby == standbys,
			Since: e.since, InFlight: e.inFlight, ErrorAt: e.errAt,
		}
		if e.lastErr != nil {
			s.LastError = e.lastErr.Error()
		}
		if e.state == Open {
			s.NextTry = e.openUntil
		}
		list = append(list, s)
	}
	return list
}

// Limit returns how many requests may be under way at present, and how many
// are.
func (g *Group) Limit() (size, used int) { return g.limit.now() }

// show brings the gauges up to date.
func (g *Group) show() {
	size, _ := g.limit.now()
	g.metrics.limit.WithLabelValues().Set(float64(size))
	g.mu.Lock()
	type shown struct {
		e        *Endpoint
		state    State
		inFlight int
	}
	list := make([]shown, 0, len(g.endpoints))
	for _, e := range g.endpoints {
		list = append(list, shown{e, e.state, e.inFlight})
	}
	g.mu.Unlock()
	for _, s := range list {
		label := g.metrics.label(s.e)
		g.metrics.state.WithLabelValues(label).Set(float64(s.state))
		g.metrics.inFlight.WithLabelValues(label).Set(float64(s.inFlight))
	}
}
