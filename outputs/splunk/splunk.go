package splunk

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/renthub/sluice/outputs"
)

// Type is the splunk output.
var Type = outputs.Define("splunk", defaults(), open).Retaining().Wrapping()

// Output sends documents to one Splunk deployment.
type Output struct {
	config   Config
	agent    string // the User-Agent header
	logger   *slog.Logger
	now      func() time.Time
	classes  []outputs.Class
	envelope *envelope
	metrics  metrics
	way      *way
	channels channels

	patience patience
	pace     atomic.Int64 // nanoseconds since 1970: nothing is sent before
	demanded atomic.Bool  // ack = "required": the token was found to acknowledge
	seesAcks atomic.Bool  // an answer had an ackId
	warned   atomic.Bool  // that it has none
	// refusesPolls: an answer had an ackId and nobody was there to be asked for
	// it.
	refusesPolls atomic.Bool
}

// open makes an output. It reads the certificates' files and asks nothing of
// the network.
func open(c Config, d outputs.Deps) (outputs.Output, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	m, err := newMetrics(d)
	if err != nil {
		return nil, err
	}
	envelope, err := newEnvelope(c, d.Classes, m)
	if err != nil {
		return nil, err
	}
	way, err := newWay(c, d)
	if err != nil {
		return nil, err
	}
	return &Output{
		config: c, agent: "sluice/" + d.Version, logger: d.Logger, now: d.Now, classes: d.Classes,
		envelope: envelope, metrics: m, way: way, patience: usualPatience,
	}, nil
}

// unacked is how many requests can wait for acknowledgement while others are
// being sent.
func (c Config) unacked() int {
	if c.Ack == ackOff {
		return 0
	}
	return c.Unacked
}

// Endpoints implements outputs.Grouped.
func (o *Output) Endpoints() []outputs.EndpointStatus { return o.way.group.Status() }

// Limits implements outputs.Output. A request that waits for acknowledgement
// holds its place, and its compressed bytes: their number is what bounds memory.
func (o *Output) Limits() outputs.Limits {
	return outputs.Limits{Bytes: int(o.config.MaxRequestSize), InFlight: o.config.InFlight + o.config.unacked()}
}

// Close implements outputs.Output.
func (o *Output) Close() error { return o.way.close() }
