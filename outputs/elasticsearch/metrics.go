package elasticsearch

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/outputs"
)

// metrics are what this output counts besides what the pipeline counts for all.
type metrics struct {
	duplicates   prometheus.Counter
	failureStore prometheus.Counter
	overflow     prometheus.Counter
}

func newMetrics(d outputs.Deps) (metrics, error) {
	var m metrics
	for _, c := range []struct {
		counter    *prometheus.Counter
		name, help string
	}{
		{&m.duplicates, "duplicates_total", "Documents that were stored already (409)."},
		{&m.failureStore, "failure_store_documents_total", "Documents that went to a stream's failure store."},
		{&m.overflow, "overflow_documents_total", "Documents in the generic stream since max_streams was reached."},
	} {
		counter := prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sluice_elasticsearch_" + c.name, Help: c.help,
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
