package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/outputs"
)

// Status is what a running agent says of itself.
type Status struct {
	Version     string         `json:"version"`
	Started     time.Time      `json:"started"`
	Now         time.Time      `json:"now"`
	Inputs      []InputStatus  `json:"inputs"`
	Ingest      Tally          `json:"ingest"`
	Buffer      BufferStatus   `json:"buffer"`
	Outputs     []OutputStatus `json:"outputs"`
	Orphans     []Orphan       `json:"orphans,omitempty"`
	DeadLetters *BufferStatus  `json:"dead_letters,omitempty"`
	Damage      Damage         `json:"damage"`
}

// InputStatus is one input and its sources, those with the most unread first.
type InputStatus struct {
	Name    string          `json:"name"`
	State   string          `json:"state"` // "ok", "ended", "failed"
	Error   string          `json:"error,omitempty"`
	Sources []inputs.Status `json:"sources,omitempty"`
}

// BufferStatus is a disk log.
type BufferStatus struct {
	Bytes     int64            `json:"bytes"`
	MaxBytes  int64            `json:"max_bytes"`
	Segments  int              `json:"segments"`
	OldestSeq uint64           `json:"oldest_seq"`
	NextSeq   uint64           `json:"next_seq"`
	SyncedSeq uint64           `json:"synced_seq"`
	Oldest    time.Time        `json:"oldest"`
	Unsynced  int64            `json:"unsynced_bytes"`
	Written   int64            `json:"written_bytes"`
	Syncs     int64            `json:"syncs"`
	LastSync  time.Duration    `json:"last_sync_ns"`
	MaxSync   time.Duration    `json:"max_sync_ns"`
	Condition buffer.Condition `json:"condition"`
	Reason    string           `json:"reason,omitempty"`
	Blocked   []string         `json:"blocked,omitempty"` // outputs that hold back the oldest segment while it is full
}

func bufferStatus(s buffer.Stats) BufferStatus {
	return BufferStatus{
		Bytes: s.Bytes, MaxBytes: s.MaxSize, Segments: s.Segments, OldestSeq: s.OldestSeq, NextSeq: s.NextSeq, SyncedSeq: s.SyncedSeq,
		Oldest: s.OldestTime, Unsynced: s.UnsyncedBytes, Written: s.WrittenBytes, Syncs: s.Syncs, LastSync: s.LastSync, MaxSync: s.MaxSync,
		Condition: s.Condition, Reason: s.Reason, Blocked: s.Blocked,
	}
}

// Orphan is the cursor of an output that the config does not have.
type Orphan struct {
	Name    string `json:"name"`
	Pending uint64 `json:"pending"`
}

// OutputStatus is one output.
type OutputStatus struct {
	Name      string     `json:"name"`
	State     string     `json:"state"` // "ok", "retrying", "throttled", "paused": a person must act, "degraded": ok but for the targets in Held
	Error     string     `json:"error,omitempty"`
	ErrorAt   *time.Time `json:"error_at,omitempty"`
	NextTry   *time.Time `json:"next_try,omitempty"`
	Sent      int64      `json:"sent"` // documents since the start
	SentBytes int64      `json:"sent_bytes"`
	BodyBytes int64      `json:"body_bytes"` // compressed, repeats included
	Requests  int64      `json:"requests"`
	Retries   int64      `json:"retries"`
	InFlight  int64      `json:"in_flight"`
	Dead      int64      `json:"dead_letters"`
	Damaged   int64      `json:"damaged"`
	LatencyMS float64    `json:"latency_ms"`        // of the last request
	Pending   uint64     `json:"pending"`           // documents that wait
	Bytes     int64      `json:"pending_bytes"`     // on disk, estimated
	Oldest    int64      `json:"oldest_pending_ms"` // time of the oldest that waits; 0 if none does
	Shed      uint64     `json:"shed"`              // documents passed over because the buffer was full
	Acked     uint64     `json:"acked_seq"`
	Durable   uint64     `json:"durable_seq"`

	Standby string `json:"standby,omitempty"` // the output that took over, while it does
	Twice   int64  `json:"maybe_twice"`       // documents sent to both this output and its standby, for want of an answer

	Endpoints []outputs.EndpointStatus `json:"endpoints,omitempty"`

	Held []HeldStatus `json:"held,omitempty"` // targets in trouble, whose documents are set apart
}

// Status returns what the agent is doing now. It does no I/O.
func (a *Agent) Status() Status {
	s := Status{Version: a.env.Version, Started: a.started, Now: a.env.Now(), Ingest: a.ingest.Tally(), Damage: a.healer.damage()}
	s.Buffer = bufferStatus(a.log.Stats())
	for _, o := range a.log.Orphans() {
		s.Orphans = append(s.Orphans, Orphan{Name: o.Name, Pending: o.Pending})
	}
	if a.dead != nil {
		d := bufferStatus(a.dead.Stats())
		s.DeadLetters = &d
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, in := range a.inputs {
		s.Inputs = append(s.Inputs, in.status())
	}
	for _, o := range a.outputs {
		if o.delivery.Load() != nil {
			s.Outputs = append(s.Outputs, o.status())
		}
	}
	slices.SortFunc(s.Inputs, func(a, b InputStatus) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Outputs, func(a, b OutputStatus) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func (r *runningInput) status() InputStatus {
	s := InputStatus{Name: r.plan.Address, State: "ok"}
	if r.ended() {
		s.State = "ended"
	}
	if err := r.failure(); err != nil {
		s.State, s.Error = "failed", err.Error()
	}
	if rep, ok := r.in.(inputs.Reporter); ok {
		s.Sources = rep.Report()
		slices.SortStableFunc(s.Sources, func(a, b inputs.Status) int { return int(min(1<<30, max(-1<<30, b.Unread-a.Unread))) })
	}
	return s
}

func (r *runningOutput) status() OutputStatus {
	s := r.delivery.Load().status()
	s.Twice = r.twice.Load()
	if r.onStandby.Load() {
		s.Standby = r.plan.Standby.Address
	}
	return s
}

func (d *Delivery) status() OutputStatus {
	st := &d.state
	c := d.cursor.Stats()
	s := OutputStatus{
		Name: d.Name, State: "ok",
		Pending: c.Pending, Bytes: c.Bytes, Oldest: c.OldestTime, Shed: c.Dropped, Acked: c.Acked, Durable: c.Durable,
		Sent: st.sent.Load(), SentBytes: st.sentRaw.Load(), BodyBytes: st.sentBody.Load(), Requests: st.requests.Load(),
		Retries: st.retries.Load(), InFlight: st.inFlight.Load(), Dead: st.dead.Load(), Damaged: st.damaged.Load() + int64(c.Damaged),
	}
	if g, ok := d.out.(outputs.Grouped); ok {
		s.Endpoints = g.Endpoints()
	}
	if d.held != nil {
		s.Held = d.held.status()
	}
	for _, h := range s.Held { // they wait as well
		s.Pending, s.Bytes = s.Pending+h.Documents, s.Bytes+h.Bytes
		if h.Oldest > 0 && (s.Oldest == 0 || h.Oldest < s.Oldest) {
			s.Oldest = h.Oldest
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.phase != "" {
		s.State = st.phase
	}
	if s.State == "ok" && len(s.Held) > 0 {
		s.State = "degraded"
	}
	s.LatencyMS = float64(st.latency) / float64(time.Millisecond)
	if st.lastErr != "" {
		s.Error, s.ErrorAt = st.lastErr, copyTime(st.errAt)
	}
	if s.State != "ok" && !st.nextTry.IsZero() {
		s.NextTry = copyTime(st.nextTry)
	}
	return s
}

func copyTime(t time.Time) *time.Time { return &t }

// Ready reports why the agent is not ready, or nil. A dead destination does
// not make it so.
func (a *Agent) Ready() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.plan == nil {
		return errNotStarted
	}
	switch s := a.log.Stats(); s.Condition {
	case buffer.NoSpace, buffer.Failing, buffer.ReadOnly:
		return fmt.Errorf("buffer cannot be written: %s", s.Reason)
	}
	return nil
}
