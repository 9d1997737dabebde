// Package outputs is the contract between the pipeline and the destinations.
// Each output is a folder below this one.
package outputs

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
)

// Output sends documents to one destination.
type Output interface {
	// Send returns nil only if the destination took every document of r. What
	// it cannot read counts as not taken. It makes one try: the pipeline
	// retries. Its errors say what to do: *Partial, *Throttled, *Unreachable,
	// *Poisoned, *Misconfigured, ErrTooLarge, and any other error means that all of r is
	// to be sent again. It is called concurrently, up to Limits.InFlight
	// times, returns within a second of ctx's end, and keeps nothing of r.
	Send(ctx context.Context, r *Request) error
	// Limits is called once, before the first Send.
	Limits() Limits
	// Close is called once, after the last Send returned.
	Close() error
}

// Wrapper is implemented by outputs whose request body is wrapped documents in
// a row, in gzip. Their requests are made from stored blocks without being
// compressed again.
type Wrapper interface {
	// Wrap appends d as the body has it. docAt is where the bare document
	// begins in what was appended. What follows the document must be the same
	// for all documents. It is called concurrently. An error means that d can
	// never be sent.
	Wrap(dst []byte, d *event.Doc) (out []byte, docAt int, err error)
	// Wrapping is a hash of all that Wrap reads besides d: the output's type,
	// its settings, its name templates. Blocks wrapped under another hash are
	// wrapped again.
	Wrapping() uint64
}

// Partitioner is implemented by outputs whose destination has many targets of
// which one can be in trouble while the others are well: an index, a log
// stream, a topic's partition.
//
// An output that is no Wrapper gets requests of one target each. A target has
// one request at a time, and what was not taken is sent again, the same
// documents in the same order, before any later one of its target.
//
// A Wrapper's requests mix targets until it answers NeedConfig for some
// documents. Their targets are set apart then: the other documents go on
// without them.
type Partitioner interface {
	// Partition appends the name of d's target. It is called concurrently and
	// never blocks. The number of names must be bounded by the output.
	Partition(dst []byte, d *event.Doc) []byte
}

// Limits are what one request may hold. Zero means no limit.
type Limits struct {
	Bytes    int // raw bytes of all documents, as wrapped
	Docs     int
	InFlight int // requests at a time; at least 1
}

// Request is the documents of one try.
type Request struct {
	Target   string      // for a Partitioner: of all documents. "" if they are mixed
	Count    int         // documents
	Size     int         // their raw bytes, as wrapped
	Docs     []event.Doc // for an output that is no Wrapper
	Body     [][]byte    // for a Wrapper: one gzip stream, in parts to be sent in order
	BodySize int         // the sum of the parts' lengths
}

// Deps are what an output works with.
type Deps struct {
	Name    string // its address in the config, "elasticsearch.main"
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time
	Dir     string  // the data folder, for outputs that write files
	Classes []Class // the retention classes of the config
	Version string  // the agent's, for the user agent
}

// Class is a retention class as outputs see it.
type Class struct {
	Name string
	Keep time.Duration // 0 is for ever
}

// Type is a kind of output, as `output "elasticsearch" "name"` names it.
type Type struct {
	Name   string
	Config func() any // a pointer to a new config that holds the defaults
	Open   func(config any, d Deps) (Output, error)
	// Retains says that its outputs implement Retainer. Others are not even
	// opened to ask: an archive begins to work when it is.
	Retains bool
	// Wraps says that its outputs implement Wrapper, so that a config can
	// choose one of them for the blocks' wrapping.
	Wraps bool
}

// Wrapping returns t as the type of outputs that implement Wrapper.
func (t Type) Wrapping() Type {
	t.Wraps = true
	return t
}

// Retaining returns t as the type of outputs that implement Retainer.
func (t Type) Retaining() Type {
	t.Retains = true
	return t
}

// Watcher is implemented by the config of an output that shows documents to
// somebody who may not be there.
type Watcher interface {
	// Active reports whether the output is to run at all. If not, it is as if
	// it were disabled.
	Active() bool
	// Volatile reports whether nothing is to wait in the buffer for it: what a
	// terminal cannot take in time it never gets.
	Volatile() bool
}

// Writer is implemented by the config of an output that writes files here: no
// input reads those.
type Writer interface {
	// Writes returns the folders, or files.
	Writes() []string
}

// Define makes a Type from the defaults of its config and its constructor.
func Define[C any](name string, defaults C, open func(C, Deps) (Output, error)) Type {
	return Type{
		Name:   name,
		Config: func() any { c := defaults; return &c },
		Open:   func(c any, d Deps) (Output, error) { return open(*c.(*C), d) },
	}
}
