package endpoints

import (
	"log/slog"
	"time"
)

// transition is a change of an endpoint's state, or of the group's.
type transition struct {
	endpoint string // "" is the group itself
	from, to State
	err      error
	again    time.Duration // until it is tried again
	standby  bool          // of the group: standbys are in use now
}

// states are those of all endpoints. The caller holds mu.
func (g *Group) states() map[*Endpoint]State {
	m := make(map[*Endpoint]State, len(g.endpoints))
	for _, e := range g.endpoints {
		m[e] = e.state
	}
	return m
}

// compare returns what has changed since before. The caller holds mu.
func (g *Group) compare(now time.Time, before map[*Endpoint]State) []transition {
	var said []transition
	primary, standby := false, false
	for _, e := range g.endpoints {
		if was, known := before[e]; !known || was != e.state {
			said = append(said, transition{endpoint: e.Name(), from: was, to: e.state, err: e.lastErr, again: e.openUntil.Sub(now)})
		}
		if e.state == Closed {
			primary, standby = primary || !e.standby, standby || e.standby
		}
	}
	if len(before) > len(g.endpoints) && len(said) == 0 {
		said = append(said, transition{endpoint: "-"}) // one is gone
	}
	switch {
	case g.standby && primary, !g.standby && !primary && standby:
		g.standby = !g.standby
		said = append(said, transition{standby: g.standby})
	}
	return said
}

// log says a transition. Cool-downs that end and begin again without success
// are told once: what opened an endpoint stays true.
func (t transition) log(logger *slog.Logger) {
	switch {
	case t.endpoint == "" && t.standby:
		logger.Warn("standby endpoints are in use")
	case t.endpoint == "":
		logger.Info("standby endpoints have handed back")
	case t.from == Closed && t.to == Open:
		logger.Warn("endpoint is given up for a while", "endpoint", t.endpoint, "again_in", t.again.Round(time.Millisecond), "error", t.err)
	case t.from != Closed && t.to == Closed:
		logger.Info("endpoint is back", "endpoint", t.endpoint)
	}
}
