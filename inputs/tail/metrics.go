package tail

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// The reasons of lost bytes.
const (
	lostDeleted   = "deleted"   // the file went before it was read
	lostTruncated = "truncated" // it was truncated, or its content replaced, before it was read
	lostHeld      = "max_held"  // deleted files held more than allowed
	lostLine      = "max_line_size"
	lostNULs      = "hole" // NUL bytes that a truncation left
	lostGzip      = "gzip" // compressed bytes of a damaged file
)

// metrics count what happens to the files of one input.
type metrics struct {
	open, watched, unwatched      prometheus.Gauge
	lost                          *prometheus.CounterVec
	rotations, overflows, refused prometheus.Counter
	scans                         prometheus.Counter
}

func newMetrics(r prometheus.Registerer, input string) *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return register(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"input"})).WithLabelValues(input)
	}
	counter := func(name, help string) prometheus.Counter {
		return register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"input"})).WithLabelValues(input)
	}
	lost := register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sluice_input_lost_bytes_total", Help: "Bytes of files that were not read, by reason."}, []string{"input", "reason"}))
	return &metrics{
		open:      gauge("sluice_input_files_open", "Files that are open."),
		watched:   gauge("sluice_input_files_watched", "Files that are followed."),
		unwatched: gauge("sluice_input_unwatched_dirs", "Folders that are polled, since the system has no watch for them."),
		lost:      lost.MustCurryWith(prometheus.Labels{"input": input}),
		rotations: counter("sluice_input_rotations_total", "Files that were renamed away, replaced or truncated."),
		overflows: counter("sluice_input_overflow_total", "Times that the system dropped file events, so that all folders were scanned."),
		scans:     counter("sluice_input_scans_total", "Times that all folders were listed."),
		refused:   counter("sluice_input_files_refused_total", "Files that were not opened: not regular, outside of their folder, or not permitted."),
	}
}

// register registers c, or returns the one that another input has registered.
func register[C prometheus.Collector](r prometheus.Registerer, c C) C {
	if r == nil {
		return c
	}
	err := r.Register(c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if old, ok := already.ExistingCollector.(C); ok {
			return old
		}
	}
	return c
}
