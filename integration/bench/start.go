package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// starts is how often the start is measured; the median counts.
const starts = 7

// measureStart takes the time from exec of the agent, with nothing on disk yet
// and a hundred lines waiting in a file, to its first request at the sink.
func (r *runner) measureStart(ctx context.Context, run *Measurement) error {
	var took []time.Duration
	for i := range starts {
		d, err := r.startOnce(ctx, fmt.Sprintf("start-%d", i), run)
		if err != nil {
			return err
		}
		took = append(took, d)
	}
	slices.Sort(took)
	run.FirstDoc = took[len(took)/2]
	run.Notes = append(run.Notes, fmt.Sprintf("starts: %v", took))
	return nil
}

func (r *runner) startOnce(ctx context.Context, name string, run *Measurement) (_ time.Duration, err error) {
	m, err := r.newMeasured(ctx, name, "json", JSONLines{})
	if err != nil {
		return 0, err
	}
	if err := m.writer.open(m.config.logs(), "", 1); err != nil {
		return 0, err
	}
	if err := m.writer.each(100); err != nil {
		return 0, err
	}
	if err := m.start(); err != nil {
		return 0, err
	}
	defer func() { err = firstError(err, m.end()) }()
	p, err := m.drained(ctx)
	if err != nil {
		return 0, err
	}
	t, err := r.sink.tally(ctx, m.written(), false)
	if err != nil {
		return 0, err
	}
	run.Lines += m.written()
	run.Bytes += m.bytes()
	run.Lost += t.Lost
	run.Repeated += t.Repeated
	run.Strangers += t.Strangers
	return time.Unix(0, p.First).Sub(m.agent.began), nil
}
