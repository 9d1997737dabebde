package bench

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Figure is one row of the table of budgets.
type Figure struct {
	What      string
	Got       float64
	Must, Aim float64
	Unit      string
	AtLeast   bool // more is better
}

const (
	missed  = "MISSED"
	withinM = "must"
	withinA = "aim"
	unknown = "not measured"
)

// Verdict says which of its bounds the figure keeps.
func (f Figure) Verdict() string {
	keeps := func(bound float64) bool {
		if f.AtLeast {
			return f.Got >= bound
		}
		return f.Got <= bound
	}
	switch {
	case f.Must == 0:
		return ""
	case f.Got == 0: // this system, or this disk, does not show it
		return unknown
	case f.Aim != 0 && keeps(f.Aim):
		return withinA
	case keeps(f.Must):
		return withinM
	}
	return missed
}

// cells is the figure's row in the table.
func (f Figure) cells() []string {
	return []string{f.What, threeDigits(f.Got), threeDigits(f.Must), threeDigits(f.Aim), f.Unit, f.Verdict()}
}

// threeDigits rounds to three digits that count; nothing stands for 0.
func threeDigits(v float64) string {
	if v == 0 {
		return ""
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', min(max(digits, 0), 4), 64)
}

// Figures are the rows that the measurements made: design, section 9.
func (rep Report) Figures() []Figure {
	var out []Figure
	for _, run := range rep.Runs {
		if run.Error == "" && run.Skipped == "" {
			out = append(out, run.figures()...)
		}
	}
	return out
}

func (run Measurement) figures() []Figure {
	switch run.Workload {
	case "json":
		return []Figure{
			{What: "CPU of the whole agent", Got: run.gzips(), Must: 2.5, Aim: 1.6, Unit: "gzips"},
			{What: "bytes written to disk for each byte read", Got: run.writtenPerByte(), Must: 0.25, Aim: 0.22},
			{What: "peak memory, reading as fast as it can", Got: mebibytes(run.PeakRSS), Unit: "MiB"},
		}
	case "nginx", "files100":
		return []Figure{
			{What: "CPU, " + run.Workload, Got: run.gzips(), Unit: "gzips"},
			{What: "peak memory, " + run.Workload, Got: mebibytes(run.PeakRSS), Unit: "MiB"},
		}
	case "rate":
		return []Figure{
			{What: "p99 from write() to the destination", Got: milliseconds(run.Latency.P99), Must: 50, Aim: 25, Unit: "ms"},
			{What: "CPU at that rate", Got: run.coreShare(), Must: 10, Aim: 7, Unit: "% of a core"},
			{What: "bytes written for each byte, at that rate", Got: run.writtenPerByte()},
		}
	case "memory":
		return []Figure{{What: "peak memory at 50 MB/s", Got: mebibytes(run.PeakRSS), Must: 48, Aim: 24, Unit: "MiB"}}
	case "start":
		return []Figure{{What: "start to first delivery", Got: milliseconds(run.FirstDoc), Must: 100, Aim: 30, Unit: "ms"}}
	case "idle":
		return []Figure{
			{What: "CPU with 1,000 quiet files", Got: run.coreShare(), Must: 0.3, Aim: 0.1, Unit: "% of a core"},
			{What: "peak memory with 1,000 files", Got: mebibytes(run.PeakRSS), Must: 48, Aim: 32, Unit: "MiB"},
			{What: "peak memory, idle", Got: mebibytes(run.OneFileRSS), Must: 24, Aim: 14, Unit: "MiB"},
			{What: "peak memory with 10,000 files", Got: mebibytes(run.MoreFilesRSS), Must: 96, Unit: "MiB"},
		}
	case "catchup":
		return []Figure{{What: "catch-up after an outage, of the live rate", Got: run.Catchup.Multiple, Must: 10, Unit: "times", AtLeast: true}}
	case splunk, cloudwatch, kafka, plainHTTP:
		return []Figure{
			{What: "CPU, to " + run.Workload, Got: run.gzips(), Must: 2.5, Aim: 1.6, Unit: run.unit()},
			{What: "peak memory, to " + run.Workload, Got: mebibytes(run.PeakRSS), Unit: "MiB"},
		}
	case "four":
		return []Figure{
			{What: "CPU, to four outputs, of the dearest alone", Got: ratio(run.CPU.Seconds(), run.Dearest.Seconds()), Must: 2.2, Unit: "times"},
			{What: "peak memory, to four outputs", Got: mebibytes(run.PeakRSS), Must: 96, Unit: "MiB"},
		}
	case "dead1":
		return run.Dead.figures()
	case "restart":
		return []Figure{{What: "restart with 100 GB of backlog", Got: run.FirstDoc.Seconds(), Must: 2, Aim: 0.5, Unit: "s"}}
	}
	return nil
}

func (run Measurement) gzips() float64 { return ratio(run.CPU.Seconds(), run.Gzip.CPU.Seconds()) }

// unit is what the figure of gzips counts.
func (run Measurement) unit() string {
	if run.Workload == kafka {
		return "zstd-units"
	}
	return "gzips"
}

func (run Measurement) coreShare() float64 { return 100 * ratio(run.CPU.Seconds(), run.Wall.Seconds()) }

func (run Measurement) writtenPerByte() float64 {
	return ratio(float64(run.DiskBytes), float64(run.Bytes))
}

// row is the workload's line in the second table.
func (run Measurement) row() []string {
	if run.Skipped != "" || run.Error != "" {
		return append([]string{run.Workload, "-"}, make([]string, 10)...)
	}
	cpu, busy := run.CPU.Seconds(), run.Busy.Seconds()
	return []string{
		run.Workload,
		strconv.FormatUint(run.Lines, 10),
		number(float64(run.Bytes)/1e6, 0),
		strconv.FormatUint(run.Lost, 10),
		strconv.FormatUint(run.Repeated, 10),
		number(ratio(float64(run.Bytes)/1e6, cpu), 0),
		number(ratio(float64(run.Lines), cpu), 0),
		number(ratio(float64(run.Bytes)/1e6, busy), 0),
		number(milliseconds(run.Latency.P50), 1),
		number(milliseconds(run.Latency.P99), 1),
		number(milliseconds(run.Latency.P999), 1),
		number(100*run.SinkShare, 0),
	}
}

// remarks are what no column holds.
func (run Measurement) remarks() []string {
	var out []string
	if run.Error != "" {
		out = append(out, "FAILED: "+run.Error)
	}
	if run.Skipped != "" {
		out = append(out, "not measured: "+run.Skipped)
	}
	if run.Strangers > 0 {
		out = append(out, fmt.Sprintf("%d documents that nobody wrote", run.Strangers))
	}
	if run.AddedBytes != 0 {
		text := fmt.Sprintf("%.1f bytes added to each line", run.AddedBytes)
		if run.Workload == "json" && math.Abs(run.AddedBytes-addedWant) > addedWant*addedTolerance {
			text += fmt.Sprintf(": NOT the %.0f +- 5 %% of the budget's conditions", addedWant)
		}
		out = append(out, text)
	}
	if g := run.Gzip; g.CPU > 0 {
		by := "gzip -1"
		if run.Workload == kafka {
			by = "zstd's fastest level"
		}
		out = append(out, fmt.Sprintf("the request bytes, %.0f MB, take %s alone %.2f s of CPU (%.0f MB/s, %.1f times smaller)",
			float64(g.Raw)/1e6, by, g.CPU.Seconds(), float64(g.Raw)/1e6/g.CPU.Seconds(), ratio(float64(g.Raw), float64(g.Out))))
	}
	for _, o := range run.Outputs {
		text := fmt.Sprintf("%s: %d documents, %d lost, %d repeated", o.Kind, o.Docs, o.Lost, o.Repeated)
		if o.Alone > 0 {
			text += fmt.Sprintf("; alone %.2f s of CPU, of which its unit is %.2f s; the four %.2f s", o.Alone.Seconds(), o.Unit.CPU.Seconds(), run.CPU.Seconds())
		}
		out = append(out, text)
	}
	if run.Dead != nil {
		out = append(out, run.Dead.remarks()...)
	}
	if c := run.Catchup; c != nil {
		out = append(out, fmt.Sprintf("after %s without the sink: back %s after its return, then %d documents in %s, %.0f lines/s, %.0f MB/s of documents",
			c.Outage, c.BackAfter.Round(time.Millisecond), c.Docs, c.Took.Round(time.Millisecond), c.LinesPerSec, c.BytesPerSec/1e6))
	}
	if run.WriterLate > 50*time.Millisecond {
		out = append(out, fmt.Sprintf("the writer was up to %s behind its rate", run.WriterLate.Round(time.Millisecond)))
	}
	return append(out, run.Notes...)
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func number(v float64, digits int) string {
	if v == 0 {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
