package kafka

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/outputs"
)

// metrics are what this output counts besides what the pipeline counts for all.
type metrics struct {
	repeats    prometheus.Counter
	resends    prometheus.Counter
	duplicates prometheus.Counter
	producers  prometheus.Counter
	topics     prometheus.Counter
	overflow   prometheus.Counter
}

func newMetrics(d outputs.Deps) (metrics, error) {
	var m metrics
	for _, c := range []struct {
		counter    *prometheus.Counter
		name, help string
	}{
		{&m.repeats, "possible_repeats_documents_total", "Documents that may be stored twice: their batch was refused after a try without an answer, or sent again under a new producer id."},
		{&m.resends, "resent_batches_total", "Batches sent again byte for byte, since no answer had come."},
		{&m.duplicates, "duplicate_batches_total", "Batches that the broker said to have already."},
		{&m.producers, "producer_ids_total", "Producer ids taken: one for each partition, and one more for each fatal error."},
		{&m.topics, "topics_created_total", "Topics made."},
		{&m.overflow, "overflow_documents_total", "Documents in a generic topic since max_topics was reached."},
	} {
		counter := prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sluice_kafka_" + c.name, Help: c.help,
			ConstLabels: prometheus.Labels{"output": d.Name},
		})
		*c.counter = counter
		if d.Metrics == nil {
			continue
		}
		err := d.Metrics.Register(counter)
		var there prometheus.AlreadyRegisteredError
		if errors.As(err, &there) { // after a reload: go on counting
			if old, ok := there.ExistingCollector.(prometheus.Counter); ok {
				*c.counter = old
				continue
			}
		}
		if err != nil {
			return m, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}
