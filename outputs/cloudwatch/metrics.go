package cloudwatch

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/outputs"
)

// metrics are what this output counts besides what the pipeline counts for all.
type metrics struct {
	calls           prometheus.Counter
	possibleRepeats prometheus.Counter
	rejected        prometheus.Counter
	large           prometheus.Counter
	overflow        prometheus.Counter
	spread          prometheus.Counter
}

func newMetrics(d outputs.Deps) (metrics, error) {
	var m metrics
	for _, c := range []struct {
		counter    *prometheus.Counter
		name, help string
	}{
		{&m.calls, "calls_total", "Calls of PutLogEvents."},
		{&m.possibleRepeats, "possible_repeats_total", "Documents sent in calls whose answer was lost: if the service stored them, they are stored twice."},
		{&m.rejected, "rejected_documents_total", "Documents that the service can never take: too old, expired, too new, or refused for themselves."},
		{&m.large, "large_documents_total", "Documents that were cut or split, being larger than an event can be."},
		{&m.overflow, "overflow_documents_total", "Documents in the generic stream since max_streams was reached."},
		{&m.spread, "spread_streams_total", "Streams that were added because one was too slow."},
	} {
		counter := prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sluice_cloudwatch_" + c.name, Help: c.help,
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
