package file

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/outputs"
)

type metrics struct{ written, torn, damaged, expired, overflow prometheus.Counter }

func newMetrics(d outputs.Deps) metrics {
	return metrics{
		written:  counter(d, "sluice_file_written_bytes_total", "Compressed bytes written to the archive."),
		torn:     counter(d, "sluice_file_torn_bytes_total", "Bytes of torn frames that were cut off archive files."),
		damaged:  counter(d, "sluice_file_damaged_total", "Archive files that were set aside as damaged."),
		expired:  counter(d, "sluice_file_expired_total", "Archive files deleted because their class's days were over."),
		overflow: counter(d, "sluice_file_overflow_documents_total", "Documents in a folder named other since max_folders was reached."),
	}
}

// counter returns the output's counter of that name, the same one as before
// when a reload opens the output again.
func counter(d outputs.Deps, name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"output": d.Name}})
	if d.Metrics == nil {
		return c
	}
	err := d.Metrics.Register(c)
	var before prometheus.AlreadyRegisteredError
	if errors.As(err, &before) {
		if old, ok := before.ExistingCollector.(prometheus.Counter); ok {
			return old
		}
	}
	return c
}
