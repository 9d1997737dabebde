package cloudwatch

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
)

// Type is the cloudwatch output.
var Type = outputs.Define("cloudwatch", defaults(), open).Retaining()

// Output sends documents to CloudWatch Logs in one region of one account.
type Output struct {
	config  Config
	version string
	logger  *slog.Logger
	now     func() time.Time
	classes []outputs.Class
	targets *targets
	metrics metrics
	http    *http.Transport
	clock   serverClock

	turn      chan struct{} // holds a token while one Send connects or makes groups
	client    atomic.Pointer[cloudwatchlogs.Client]
	corrected atomic.Bool // the client was refused for our clock, and kept
	batches   sync.Pool   // of *batch
	encoders  sync.Pool   // of *encoder
}

// open makes an output. It reads the certificates' files and asks nothing of
// the network.
func open(c Config, d outputs.Deps) (outputs.Output, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	f, err := newForm(&c)
	if err != nil {
		return nil, err
	}
	if err := checkClasses(f, d.Classes); err != nil {
		return nil, err
	}
	m, err := newMetrics(d)
	if err != nil {
		return nil, err
	}
	ca := c.CAFile
	if ca == "" {
		ca = os.Getenv("AWS_CA_BUNDLE") // as the SDK's own transport has it
	}
	transport, err := endpoints.NewTransport(endpoints.Config{CAFile: ca, Timeout: c.Timeout, InFlight: c.InFlight})
	if err != nil {
		return nil, err
	}
	o := &Output{
		config: c, version: d.Version, logger: d.Logger, now: d.Now, classes: d.Classes,
		targets: newTargets(f, &c, m.overflow), metrics: m, http: transport, turn: make(chan struct{}, 1),
	}
	o.batches.New = func() any { return new(batch) }
	o.encoders.New = func() any { return newEncoder() }
	return o, nil
}

// checkClasses reports classes that would share a group and are not kept for
// the same time there.
func checkClasses(f *form, classes []outputs.Class) error {
	seen := map[string]outputs.Class{}
	for _, class := range classes {
		name := ""
		if f.hasClass() {
			name = string(appendConfined(nil, []byte(class.Name)))
		}
		if other, ok := seen[name]; ok && daysFor(other.Keep) != daysFor(class.Keep) {
			if name == "" {
				return fmt.Errorf("log_group needs ${retention.class}: classes %s and %s are kept for different times, and one group has one retention", other.Name, class.Name)
			}
			return fmt.Errorf("retention classes %s and %s have one log group, %s: rename one", other.Name, class.Name, name)
		}
		seen[name] = class
	}
	return nil
}

// Limits of a request. The service counts 26 bytes for each event besides, so
// documents of 300 bytes and more that fill a request fill one call.
const requestBytes = 960000

// Limits implements outputs.Output.
func (o *Output) Limits() outputs.Limits {
	return outputs.Limits{Bytes: requestBytes, Docs: maxCallEvents, InFlight: o.config.InFlight}
}

// Close implements outputs.Output.
func (o *Output) Close() error {
	o.http.CloseIdleConnections()
	return nil
}
