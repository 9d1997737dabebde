package kafka

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/kafka/recordbatch"
)

// Type is the kafka output.
var Type = outputs.Define("kafka", defaults(), open).Retaining()

// Output sends documents to one Kafka cluster.
type Output struct {
	config  Config
	name    string
	logger  *slog.Logger
	now     func() time.Time
	classes []outputs.Class
	codec   recordbatch.Codec
	names   *names
	metrics metrics
	seed    uint64 // of this run: agents do not all choose the same partition

	cluster *cluster
	client  *kafka.Client
	writers chan *writer // as many as batches are built at a time
	buffers chan []byte  // of batches that were answered
	pause   pause        // asked for by the brokers' quotas

	mu         sync.Mutex
	partitions map[place]*partition // guarded by mu
}

// place is a partition by name.
type place struct {
	topic     string
	partition int32
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
	n, err := newNames(c, d.Classes, m.overflow)
	if err != nil {
		return nil, err
	}
	dialer, err := newDialer(c, d.Version)
	if err != nil {
		return nil, err
	}
	seeds, err := c.addresses()
	if err != nil {
		return nil, err
	}
	codec, _ := recordbatch.ParseCodec(c.Compression) // checked above
	o := &Output{
		config: c, name: d.Name, logger: d.Logger, now: d.Now, classes: d.Classes, codec: codec,
		names: n, metrics: m, seed: rand.Uint64(), partitions: map[place]*partition{},
	}
	o.cluster = newCluster(dialer, seeds, n.list, d.Now)
	o.client = &kafka.Client{Addr: kafka.TCP(seeds...), Transport: o.cluster, Timeout: c.Timeout.Std()}
	if err := o.makeWriters(); err != nil {
		return nil, err
	}
	o.warn()
	return o, nil
}

func (o *Output) warn() {
	if o.config.TLSSkipVerify {
		o.logger.Warn("certificates are not verified: anyone on the way can read and change logs", "output", o.name, "setting", "tls_skip_verify")
	}
	if o.config.SASL == saslPlain && !o.config.encrypted() {
		o.logger.Warn("credentials are sent without encryption", "output", o.name)
	}
}

// Limits implements outputs.Output.
func (o *Output) Limits() outputs.Limits {
	l := outputs.Limits{Bytes: int(o.config.MaxRequestSize), InFlight: o.config.InFlight}
	if o.codec == recordbatch.None {
		// What the records add to the documents is bounded by the check of
		// the batch's size.
		l.Bytes = min(l.Bytes, int(o.config.MaxBatchSize)*9/10)
	}
	return l
}

// Close implements outputs.Output.
func (o *Output) Close() error {
	o.cluster.close()
	return nil
}
