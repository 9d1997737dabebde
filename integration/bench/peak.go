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

// measurePeak lets the agent work off Size bytes as fast as it can.
func (r *runner) measurePeak(ctx context.Context, run *Measurement, parser string, lines Lines, files int) (err error) {
	m, err := r.newMeasured(ctx, run.Workload, parser, lines)
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

	staging := filepath.Join(m.config.dir, "staging")
	if err := os.MkdirAll(staging, 0o755); err != nil {
		return err
	}
	var t Tally
	var busy, sinkCPU time.Duration
	for round := range rounds {
		if err := m.writer.open(staging, fmt.Sprintf("%d-", round), files); err != nil {
			return err
		}
		if err := m.writer.bulk(r.Size / rounds); err != nil {
			return err
		}
		before, err := r.sink.progress(ctx)
		if err != nil {
			return err
		}
		shown := time.Now()
		if err := m.writer.moveTo(m.config.logs()); err != nil {
			return err
		}
		p, err := m.drained(ctx)
		if err != nil {
			return err
		}
		busy += time.Unix(0, p.Last).Sub(shown)
		sinkCPU += p.CPU - before.CPU
		if t, err = r.sink.tally(ctx, m.written(), true); err != nil {
			return err
		}
	}
	run.count(m, t)
	run.Busy = busy
	run.SinkShare = sinkCPU.Seconds() / busy.Seconds()
	return run.readAgent(m)
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
