package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func small(t *testing.T, workload string) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Agent: self, Workload: workload, Size: 4 << 20, Rate: 2000, Duration: time.Second, Dir: t.TempDir()}
}

func TestRunMeasuresEachWorkload(t *testing.T) {
	for _, workload := range []string{"json", "nginx", "files100", "rate", splunk, cloudwatch, kafka, plainHTTP} {
		t.Run(workload, func(t *testing.T) {
			rep, err := Run(context.Background(), small(t, workload))
			if err != nil {
				t.Fatal(err)
			}
			var table bytes.Buffer
			if err := rep.Table(&table); err != nil {
				t.Fatal(err)
			}
			t.Logf("\n%s", table.String())
			run := rep.Runs[0]
			if run.Lines == 0 || run.Lost != 0 || run.Repeated != 0 || run.Strangers != 0 {
				t.Errorf("got %d lines, %d lost, %d repeated, %d strangers", run.Lines, run.Lost, run.Repeated, run.Strangers)
			}
			if measurable && (run.CPU <= 0 || run.PeakRSS <= 0) {
				t.Errorf("got CPU %s and peak memory %d, want both measured", run.CPU, run.PeakRSS)
			}
			if workload == "rate" && (run.Latency.P99 < run.Latency.P50 || run.Latency.P50 <= 0) {
				t.Errorf("latency is out of order: %+v", run.Latency)
			}
			if workload == "json" && (run.AddedBytes < addedWant-1 || run.AddedBytes > addedWant+1) {
				t.Errorf("added %.1f bytes, want %.0f", run.AddedBytes, addedWant)
			}
			if workload != "rate" && run.Gzip.CPU <= 0 {
				t.Error("the gzip unit was not measured")
			}
		})
	}
}

func TestALostAndARepeatedLineAreCounted(t *testing.T) {
	for _, fault := range []string{"lose", "repeat"} {
		t.Run(fault, func(t *testing.T) {
			t.Setenv("FAKE_AGENT_FAULT", fault)
			o := small(t, "json")
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			r := &runner{Options: o, sink: sinkClient{kind: elastic}}
			if _, err := r.prepare(); err != nil {
				t.Fatal(err)
			}
			if err := r.startSink(ctx); err != nil {
				t.Fatal(err)
			}
			defer r.stopSink()
			m, err := r.newMeasured(ctx, fault, "json", JSONLines{})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.writer.open(m.config.logs(), "", 1); err != nil {
				t.Fatal(err)
			}
			if err := m.writer.each(100); err != nil {
				t.Fatal(err)
			}
			if err := m.start(); err != nil {
				t.Fatal(err)
			}
			for p := (Progress{}); p.Docs < 99; {
				if p, err = r.sink.progress(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if err := m.end(); err != nil {
				t.Fatal(err)
			}
			tally, err := r.sink.tally(ctx, m.written(), false)
			if err != nil {
				t.Fatal(err)
			}
			if lost := fault == "lose"; lost != (tally.Lost == 1) || lost == (tally.Repeated == 1) {
				t.Errorf("fault %q: got %d lost, %d repeated", fault, tally.Lost, tally.Repeated)
			}
		})
	}
}

func TestTheReportIsJSONForPrograms(t *testing.T) {
	rep := Report{Machine: "m", Runs: []Measurement{{Workload: "rate", Latency: Latency{P99: 60 * time.Millisecond}}}}
	var out bytes.Buffer
	if err := rep.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Runs[0].Latency.P99 != 60*time.Millisecond {
		t.Errorf("got %s back", out.String())
	}
}

func TestAMissedBudgetIsSaid(t *testing.T) {
	rep := Report{Runs: []Measurement{{Workload: "rate", Latency: Latency{P99: 60 * time.Millisecond}, CPU: time.Second, Wall: 12 * time.Second}}}
	var out strings.Builder
	if err := rep.Table(&out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "60.0  50.0  25.0           ms   MISSED") || !strings.Contains(got, "8.33  10.0  7.00  % of a core     must") {
		t.Errorf("table does not say it:\n%s", got)
	}
	if rep.Met() {
		t.Error("Met, but p99 is 60 ms")
	}
}

func TestFourOutputsAreMeasuredTogether(t *testing.T) {
	rep, err := Run(context.Background(), small(t, "four"))
	if err != nil {
		t.Fatal(err)
	}
	run := rep.Runs[0]
	if len(run.Outputs) != 4 || run.Lost+run.Repeated+run.Strangers != 0 {
		t.Fatalf("got %+v, want four outputs and nothing lost, repeated or strange", run.Outputs)
	}
	for _, o := range run.Outputs {
		if o.Docs != int64(run.Lines) || measurable && o.Alone <= 0 {
			t.Errorf("%s: got %d documents of %d, %s alone", o.Kind, o.Docs, run.Lines, o.Alone)
		}
	}
}

func TestADeadOutputIsComparedWithNone(t *testing.T) {
	rep, err := Run(context.Background(), small(t, "dead1"))
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := rep.Table(&table); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", table.String())
	run := rep.Runs[0]
	if run.Lost+run.Repeated+run.Strangers != 0 || len(run.Dead.Catchups) != deadPairs {
		t.Errorf("got %d lost, %d repeated, %d strangers, catch-ups %+v", run.Lost, run.Repeated, run.Strangers, run.Dead.Catchups)
	}
	for _, kind := range []string{elastic, cloudwatch, kafka} {
		if n := len(run.Dead.AtRate.AllWell[kind]) + len(run.Dead.AtRate.OneDead[kind]) + len(run.Dead.Bulk.OneDead[kind]); n != 3*deadPairs {
			t.Errorf("%s: got %d stretches, want %d", kind, n, 3*deadPairs)
		}
	}
	for _, o := range run.Outputs {
		if o.Docs != int64(run.Lines) {
			t.Errorf("%s: got %d documents of %d", o.Kind, o.Docs, run.Lines)
		}
	}
}

func TestAnOutputThatSuffersFromAnotherIsSaid(t *testing.T) {
	slow, fast := []Stretch{{LinesPerSec: 900, P99: 12 * time.Millisecond}}, []Stretch{{LinesPerSec: 1000, P99: 10 * time.Millisecond}}
	c := Contrast{
		AllWell: map[string][]Stretch{elastic: fast, kafka: fast},
		OneDead: map[string][]Stretch{elastic: fast, kafka: slow},
	}
	var missing int
	for _, f := range (&DeadFigures{AtRate: c, Bulk: c}).figures() {
		if f.Verdict() == missed {
			missing++
		}
	}
	if missing != 3 {
		t.Errorf("got %d figures missed, want 3: both throughputs and p99", missing)
	}
}

func TestAllIsTheTableOfBudgetsAndOutputsTheRest(t *testing.T) {
	var got []string
	for _, name := range []string{"", "outputs", "kafka"} {
		list, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, list[0].name, list[len(list)-1].name)
	}
	if want := []string{"json", "restart", "splunk", "dead1", "kafka", "kafka"}; !slices.Equal(got, want) {
		t.Errorf("first and last of each: got %v, want %v", got, want)
	}
	if _, err := choose("nothing"); err == nil {
		t.Error("a workload that is none was found")
	}
}
