package bench

import (
	"context"
	"fmt"
	"time"
)

const (
	deadKind  = splunk // the one of the four that refuses
	deadPairs = 2      // of a stretch with all well and one without it
)

// measureDead looks at what three outputs notice of a fourth that refuses. One
// agent goes through stretches in turns, all well and one dead, at a fixed rate
// and then as fast as it can. After each of the latter the dead one comes back
// and is waited for.
func (r *runner) measureDead(ctx context.Context, run *Measurement) (err error) {
	if err := r.calibrate(ctx); err != nil {
		return err
	}
	m, err := r.warm(ctx, run.Workload, four()...)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, m.end()) }()
	run.Dead = &DeadFigures{Kind: deadKind, Rate: r.Rate}
	for range deadPairs {
		for _, dead := range []bool{false, true} {
			if err := m.stretch(ctx, run, dead, func() (time.Time, error) {
				return time.Now(), m.writer.atRate(ctx, r.Rate, 1, r.Duration)
			}, &run.Dead.AtRate); err != nil {
				return fmt.Errorf("at the fixed rate: %w", err)
			}
		}
	}
	m.stampMark = "" // lines in bulk have times that are made up
	for pair := range deadPairs {
		for i, dead := range []bool{false, true} {
			if err := m.stretch(ctx, run, dead, func() (time.Time, error) {
				return m.show(fmt.Sprintf("bulk%d-", 2*pair+i), r.Size/(2*deadPairs), 1)
			}, &run.Dead.Bulk); err != nil {
				return fmt.Errorf("in bulk: %w", err)
			}
		}
	}
	return run.readAgent(m)
}

// stretch writes lines, with one sink dead or with all well, and adds what came
// of it to the figures.
func (m *measured) stretch(ctx context.Context, run *Measurement, dead bool, write func() (time.Time, error), into *Contrast) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	off := m.runner.sink.of(deadKind)
	if dead {
		if err := off.shut(ctx); err != nil {
			return err
		}
		defer off.open(context.WithoutCancel(ctx)) // again, after an error
	}
	began, err := write()
	if err != nil {
		return err
	}
	if _, err := m.drain(ctx, m.well(dead)); err != nil {
		return err
	}
	var took []time.Duration
	for _, s := range m.well(true) {
		p, err := s.progress(ctx)
		if err != nil {
			return err
		}
		took = append(took, time.Unix(0, p.Last).Sub(began))
	}
	back := time.Now()
	if dead {
		if err := off.open(ctx); err != nil {
			return err
		}
	}
	if _, err := m.drained(ctx); err != nil {
		return err
	}
	tallies, err := m.tallies(ctx, false)
	if err != nil {
		return err
	}
	run.Dead.add(m, tallies, dead, took, into)
	run.addStretch(m, tallies)
	if dead && m.stampMark != "" {
		run.Dead.Catchups = append(run.Dead.Catchups, *catchupOf(m.of(tallies, deadKind).Requests, back, m.runner.Rate))
	}
	return nil
}

// well are the sinks that answer while one is dead, or all.
func (m *measured) well(dead bool) []sinkClient {
	var list []sinkClient
	for _, s := range m.sinks {
		if !dead || s.kind != deadKind {
			list = append(list, s)
		}
	}
	return list
}

// of returns the tally of one kind.
func (m *measured) of(tallies []Tally, kind string) Tally {
	for i, s := range m.sinks {
		if s.kind == kind {
			return tallies[i]
		}
	}
	return Tally{}
}

// addStretch adds the counts of a stretch to those before it.
func (run *Measurement) addStretch(m *measured, tallies []Tally) {
	before := *run
	run.count(m, tallies...)
	run.Lines += before.Lines
	run.Bytes += before.Bytes
	run.Lost += before.Lost
	run.Repeated += before.Repeated
	run.Strangers += before.Strangers
	for i, o := range before.Outputs {
		now := &run.Outputs[i]
		now.Docs += o.Docs
		now.Lost += o.Lost
		now.Repeated += o.Repeated
		now.Strangers += o.Strangers
	}
}
