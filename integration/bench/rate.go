package bench

import (
	"context"
	"time"
)

// measureRate writes lines one by one at the fixed rate, as an unbuffered
// logger does, and looks at latency and CPU.
func (r *runner) measureRate(ctx context.Context, run *Measurement) error {
	return r.measureAt(ctx, run, r.Rate, 1, r.Duration)
}

// measureMemory looks at the peak of memory while 50 MB/s come in.
func (r *runner) measureMemory(ctx context.Context, run *Measurement) error {
	const bytesPerSecond, lineSize = 50_000_000, 578
	return r.measureAt(ctx, run, bytesPerSecond/lineSize, 100, 10*time.Second)
}

func (r *runner) measureAt(ctx context.Context, run *Measurement, rate, perWrite int, d time.Duration) (err error) {
	if err := r.calibrate(ctx); err != nil {
		return err
	}
	m, err := r.warm(ctx, run.Workload)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, m.end()) }()
	cpu, disk, err := m.usage()
	if err != nil {
		return err
	}
	started := time.Now()
	if err := m.writer.atRate(ctx, rate, perWrite, d); err != nil {
		return err
	}
	run.Wall = time.Since(started)
	cpuAfter, _, err := m.usage()
	if err != nil {
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
	if err := run.readAgent(m); err != nil {
		return err
	}
	run.CPU = cpuAfter - cpu
	run.DiskBytes -= disk
	return nil
}

// warm starts an agent on one JSON file, lets it deliver a few lines, and
// begins to count after them.
func (r *runner) warm(ctx context.Context, name string, kinds ...string) (*measured, error) {
	m, err := r.newMeasured(ctx, name, "json", JSONLines{}, kinds...)
	if err != nil {
		return nil, err
	}
	if err := m.warm(ctx); err != nil {
		return nil, firstError(err, m.end())
	}
	return m, nil
}

func (m *measured) warm(ctx context.Context) error {
	if err := m.writer.open(m.config.logs(), "", 1); err != nil {
		return err
	}
	if err := m.start(); err != nil {
		return err
	}
	if err := m.writer.atRate(ctx, m.runner.Rate, 1, 2*time.Second); err != nil {
		return err
	}
	if _, err := m.drained(ctx); err != nil {
		return err
	}
	return m.begin(ctx)
}

// usage is what the agent has used so far: CPU and bytes written to disk.
func (m *measured) usage() (cpu time.Duration, disk int64, err error) {
	if !measurable {
		return 0, 0, nil
	}
	if cpu, err = processCPU(m.agent.pid()); err != nil {
		return 0, 0, err
	}
	disk, err = diskWritten(m.agent.pid())
	return cpu, disk, err
}
