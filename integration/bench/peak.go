package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// rounds is into how many stretches a bulk run is cut: after each the same
// bytes are compressed alone, so that a machine that changes its speed within
// minutes changes it for both.
const rounds = 4

func (r *runner) measureJSON(ctx context.Context, run *Measurement) error {
	if err := r.calibrate(ctx); err != nil {
		return err
	}
	return r.measurePeak(ctx, run, "json", JSONLines{}, 1)
}

func (r *runner) measureNginx(ctx context.Context, run *Measurement) error {
	return r.measurePeak(ctx, run, "nginx", NginxLines{}, 1)
}

func (r *runner) measureFiles(ctx context.Context, run *Measurement) error {
	if err := r.calibrate(ctx); err != nil {
		return err
	}
	return r.measurePeak(ctx, run, "json", JSONLines{}, 100)
}

// measurePeak lets the agent work off Size bytes as fast as it can, to
// Elasticsearch or to other outputs.
func (r *runner) measurePeak(ctx context.Context, run *Measurement, parser string, lines Lines, files int, kinds ...string) (err error) {
	m, err := r.newMeasured(ctx, run.Workload, parser, lines, kinds...)
	if err != nil {
		return err
	}
	m.stampMark = "" // these lines' times are made up
	if err := m.begin(ctx); err != nil {
		return err
	}
	if err := m.start(); err != nil {
		return err
	}
	defer func() { err = firstError(err, m.end()) }()
	var tallies []Tally
	var busy, sinkCPU time.Duration
	for round := range rounds {
		before, err := r.sink.progress(ctx)
		if err != nil {
			return err
		}
		shown, err := m.show(fmt.Sprintf("%d-", round), r.Size/rounds, files)
		if err != nil {
			return err
		}
		p, err := m.drained(ctx)
		if err != nil {
			return err
		}
		busy += time.Unix(0, p.Last).Sub(shown)
		sinkCPU += p.CPU - before.CPU
		if tallies, err = m.tallies(ctx, true); err != nil {
			return err
		}
	}
	run.count(m, tallies...)
	run.Busy = busy
	run.SinkShare = sinkCPU.Seconds() / busy.Seconds()
	return run.readAgent(m)
}

// show lets the agent find files with lines of so many bytes, complete, and
// returns when that was.
func (m *measured) show(prefix string, size int64, files int) (time.Time, error) {
	staging := filepath.Join(m.config.dir, "staging")
	if err := os.MkdirAll(staging, 0o755); err != nil {
		return time.Time{}, err
	}
	if err := m.writer.open(staging, prefix, files); err != nil {
		return time.Time{}, err
	}
	if err := m.writer.bulk(size); err != nil {
		return time.Time{}, err
	}
	shown := time.Now()
	return shown, m.writer.moveTo(m.config.logs())
}

// calibrate finds the padding that brings the added fields of a JSON line to
// what the budget's conditions say, by delivering a few lines and counting.
func (r *runner) calibrate(ctx context.Context) (err error) {
	if r.calibrated {
		return nil
	}
	const lines = 1000
	m, err := r.newMeasured(ctx, "calibrate", "json", JSONLines{})
	if err != nil {
		return err
	}
	if err := m.start(); err != nil {
		return err
	}
	defer func() { err = firstError(err, m.end()) }()
	if err := m.writer.open(m.config.logs(), "", 1); err != nil {
		return err
	}
	if err := m.writer.each(lines); err != nil {
		return err
	}
	if _, err := m.drained(ctx); err != nil {
		return err
	}
	t, err := r.sink.tally(ctx, m.written(), false)
	if err != nil {
		return err
	}
	added := addedBytes(m, t)
	r.pad = max(0, int(addedWant-added+.5))
	r.calibrated = true
	r.Logger.Info("calibrated", "added_bytes_without_padding", added, "padding", r.pad)
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
