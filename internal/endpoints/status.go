package endpoints

import (
	"time"
)

// Status is one endpoint as `sluice status` shows it.
type Status struct {
	Name      string    `json:"name"`  // without credentials
	State     string    `json:"state"` // "closed" is in use, "open", "half-open"
	Standby   bool      `json:"standby,omitempty"`
	InUse     bool      `json:"in_use"` // requests go there: it is closed, and no better one is
	Since     time.Time `json:"since"`  // of State
	InFlight  int       `json:"in_flight"`
	LastError string    `json:"last_error,omitempty"`
	ErrorAt   time.Time `json:"error_at,omitzero"`
	NextTry   time.Time `json:"next_try,omitzero"` // of one that is open
}

// Status returns the endpoints in the order of the config.
func (g *Group) Status() []Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, standbys := g.inUse()
	list := make([]Status, 0, len(g.endpoints))
	for _, e := range g.endpoints {
		s := Status{
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
