package bench

import (
	"context"
	"fmt"
	"time"
)

// four are the destinations that one agent is to serve at once.
func four() []string { return []string{elastic, splunk, cloudwatch, kafka} }

// measureOutput is the json workload to another output alone.
func measureOutput(kind string) func(*runner, context.Context, *Measurement) error {
	return func(r *runner, ctx context.Context, run *Measurement) error {
		if err := r.calibrate(ctx); err != nil {
			return err
		}
		return r.measurePeak(ctx, run, "json", JSONLines{}, 1, kind)
	}
}

// measureFour is the json workload to four outputs from one agent, after the
// same to each of them alone. What one costs alone is put at the speed that the
// machine has when all four are measured, by the output's own unit, which is
// measured both times.
func (r *runner) measureFour(ctx context.Context, run *Measurement) error {
	gzips := map[string]float64{}
	for _, kind := range four() {
		alone := Measurement{Workload: run.Workload + "-" + kind}
		if err := measureOutput(kind)(r, ctx, &alone); err != nil {
			return fmt.Errorf("measure %s alone: %w", kind, err)
		}
		if alone.Lost+alone.Repeated+alone.Strangers > 0 {
			return fmt.Errorf("%s alone: %d lost, %d repeated, %d strangers", kind, alone.Lost, alone.Repeated, alone.Strangers)
		}
		gzips[kind] = alone.gzips()
	}
	if err := r.measurePeak(ctx, run, "json", JSONLines{}, 1, four()...); err != nil {
		return err
	}
	for i := range run.Outputs {
		o := &run.Outputs[i]
		o.Alone = time.Duration(gzips[o.Kind] * float64(o.Unit.CPU))
		run.Dearest = max(run.Dearest, o.Alone)
	}
	return nil
}
