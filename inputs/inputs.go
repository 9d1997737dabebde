// Package inputs is the contract between the sources of logs and the pipeline.
// Each input is a folder below this one.
package inputs

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs/framing"
)

// Input is a source of logs: a set of files, a program's output.
type Input interface {
	// Run reads from the saved positions until ctx ends or the source does,
	// and returns nil in both cases. It owns every goroutine that it starts
	// and returns within a second of ctx's end, after they ended. It is called
	// once. An error that can pass (a file that may not be read) is logged,
	// shown in Status and tried again; what Run returns ends this input.
	Run(ctx context.Context, saved Positions, emit Emit) error
}

// Emit hands over one cut: the batches of one pass over the sources that have
// news, at most one for each source, none of them empty of both rows and
// progress. It takes ownership of the batches. All of a cut becomes durable
// together, with its positions. It blocks while the buffer is full, and that
// is the only backpressure. It may be called concurrently, but not for the
// same source. An error means that ctx ended or the pipeline stops: the cut
// was not taken and the input returns.
type Emit func(ctx context.Context, cut []*event.Batch) (Ticket, error)

// Ticket stands for an emitted cut.
type Ticket interface {
	// Wait returns nil once the cut is on disk. An input that must answer its
	// sender waits for it; one that can read again need not.
	Wait(ctx context.Context) error
}

// Positions are the sources that an input has read before, by generation.
type Positions map[uint64]Position

// Position is where reading of one source stopped.
type Position struct {
	Name, Stream string // as in its event.Source
	End          int64  // the first byte that was not taken
	State        []byte // the input's own, as in its last event.Batch
}

// Status is one line of `sluice status` for an input.
type Status struct {
	Source  string    `json:"source"`
	Offset  int64     `json:"offset"` // bytes read
	Size    int64     `json:"size"`   // bytes there are, or -1 if that cannot be known
	Unread  int64     `json:"unread"` // bytes waiting
	LastRow time.Time `json:"last_row"`
	Note    string    `json:"note,omitempty"` // why it is not read, "permission denied"
}

// Reporter is implemented by inputs that can say what they are doing. Report is
// called at any time, concurrently with Run, and does no I/O.
type Reporter interface{ Report() []Status }

// Deps are what an input works with.
type Deps struct {
	Name     string // its address in the config, "file.bookings"
	Logger   *slog.Logger
	Metrics  prometheus.Registerer
	Pool     *event.Pool
	Now      func() time.Time
	Service  string           // service.name of its events, "" to leave it to them
	Fields   []event.Constant // constant fields for all its sources: of the host, and from `fields`
	Framing  string           // the built-in multi-line rule of its parser: "laravel", "auto" or ""; see Rule
	Join     *framing.Rule    // the multi-line rule of the config; nil is the built-in one
	OwnPaths []string         // files and folders of the agent itself, never to be read
}

// Rule is how lines are joined to records: as the config says, else as the
// input's parser needs it; nil is a record for each line.
func (d *Deps) Rule() (*framing.Rule, error) {
	if d.Join != nil {
		return d.Join, nil
	}
	return framing.Named(d.Framing)
}

// Type is a kind of input, as `input "file" "name"` names it.
type Type struct {
	Name   string
	Config func() any // a pointer to a new config that holds the defaults
	Open   func(config any, d Deps) (Input, error)
}

// Define makes a Type from the defaults of its config and its constructor.
func Define[C any](name string, defaults C, open func(C, Deps) (Input, error)) Type {
	return Type{
		Name:   name,
		Config: func() any { c := defaults; return &c },
		Open:   func(c any, d Deps) (Input, error) { return open(*c.(*C), d) },
	}
}
