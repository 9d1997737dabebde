package outputs

import "time"

// Grouped is implemented by outputs that have several addresses to choose from.
type Grouped interface {
	// Endpoints returns how each of them does. It does no I/O and is called
	// concurrently with all else.
	Endpoints() []EndpointStatus
}

// EndpointStatus is one endpoint as `sluice status` shows it.
type EndpointStatus struct {
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
