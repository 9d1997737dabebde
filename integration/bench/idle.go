package bench

import (
	"context"
	"fmt"
	"time"
)

const (
	idleSettle = 5 * time.Second // after the last document
	idleWatch  = 20 * time.Second
)

// measureIdle looks at what an agent costs that has nothing to do: CPU with
// 1,000 quiet files, and memory with 1, 1,000 and 10,000 files that had ten
// lines each when it started.
func (r *runner) measureIdle(ctx context.Context, run *Measurement) error {
	for _, c := range []struct {
		files int
		peak  *int64
	}{
		{1, &run.OneFileRSS}, {1_000, &run.PeakRSS}, {10_000, &run.MoreFilesRSS},
	} {
		one := Measurement{Workload: run.Workload}
		if err := r.idleWith(ctx, &one, c.files, c.files == 1_000); err != nil {
			return err
		}
		*c.peak = one.PeakRSS
		run.Lines += one.Lines
		run.Bytes += one.Bytes
		run.Lost += one.Lost
		run.Repeated += one.Repeated
		run.Strangers += one.Strangers
		if one.Wall > 0 {
			run.CPU, run.Wall, run.DiskBytes = one.CPU, one.Wall, one.DiskBytes
		}
	}
	return nil
}

func (r *runner) idleWith(ctx context.Context, run *Measurement, files int, watch bool) (err error) {
	m, err := r.newMeasured(ctx, run.Workload, "json", JSONLines{})
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, m.end()) }()
	for i := range files { // one open file at a time: the runner has a limit, too
		if err := m.writer.open(m.config.logs(), fmt.Sprintf("%d-", i), 1); err != nil {
			return err
		}
		if err := m.writer.each(10); err != nil {
			return err
		}
	}
	m.writer.close()
	if err := m.start(); err != nil {
		return err
	}
	if _, err := m.drained(ctx); err != nil {
		return err
	}
	t, err := r.sink.tally(ctx, m.written(), false)
	if err != nil {
		return err
	}
	run.count(m, t)
	if err := pause(ctx, idleSettle); err != nil {
		return err
	}
	if !watch {
		return run.readAgent(m)
	}
	cpu, disk, err := m.usage()
	if err != nil {
		return err
	}
	started := time.Now()
	if err := pause(ctx, idleWatch); err != nil {
		return err
	}
	if err := run.readAgent(m); err != nil {
		return err
	}
	run.Wall = time.Since(started)
	run.CPU -= cpu
	run.DiskBytes -= disk
	return nil
}
