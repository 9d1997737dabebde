package splunk

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/outputs"
)

// metrics are what this output counts besides what the pipeline counts for all.
type metrics struct {
	unclear  prometheus.Counter
	unacked  prometheus.Counter
	overflow prometheus.Counter
	cut      prometheus.Counter
	near     prometheus.Counter
}

func newMetrics(d outputs.Deps) (metrics, error) {
	var m metrics
	for _, c := range []struct {
		counter    *prometheus.Counter
		name, help string
	}{
		{&m.unclear, "unclear_documents_total", "Documents sent again after an unclear answer: they may be stored twice."},
		{&m.unacked, "unacknowledged_documents_total", "Documents sent again since they were not acknowledged in time."},
		{&m.overflow, "overflow_documents_total", "Documents whose index or sourcetype has no values from events since max_names was reached."},
		{&m.cut, "cut_documents_total", "Documents shortened to max_event_size."},
		{&m.near, "near_capacity_total", "Answers that said that a queue is nearly full."},
	} {
		counter := prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sluice_splunk_" + c.name, Help: c.help,
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
