package lumberjack

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/outputs"
)

// metrics are what this output counts besides what the pipeline counts for all.
type metrics struct{ keepalives, broken prometheus.Counter }

func newMetrics(d outputs.Deps, w *window) metrics {
	labels := prometheus.Labels{"output": d.Name}
	window := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sluice_lumberjack_window_documents", Help: "Documents that the next window may hold.", ConstLabels: labels,
	}, func() float64 { return float64(w.now()) })
	if d.Metrics != nil {
		d.Metrics.Unregister(window) // that of the output before a reload
		_ = d.Metrics.Register(window)
	}
	return metrics{
		keepalives: counter(d, "sluice_lumberjack_keepalives_total", "Times that a server said it is busy with a window."),
		broken:     counter(d, "sluice_lumberjack_broken_connections_total", "Connections that ended with documents on the way; those are sent again."),
	}
}

// counter returns the output's counter of that name, the same one as before
// when a reload opens the output again.
func counter(d outputs.Deps, name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"output": d.Name}})
	if d.Metrics == nil {
		return c
	}
	var before prometheus.AlreadyRegisteredError
	if err := d.Metrics.Register(c); errors.As(err, &before) {
		if old, ok := before.ExistingCollector.(prometheus.Counter); ok {
			return old
		}
	}
	return c
}
