package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
)

// Report is everything that one Run measured.
type Report struct {
	Machine  string        `json:"machine"`
	Cores    int           `json:"cores"`
	Go       string        `json:"go"`
	Began    time.Time     `json:"began"`
	Commands []string      `json:"commands"` // of the processes that took part
	Runs     []Measurement `json:"runs"`
}

func (r *runner) newReport() Report {
	run := agentConfig{dir: "RUN"}
	return Report{
		Machine: machine(),
		Cores:   runtime.NumCPU(),
		Go:      runtime.Version(),
		Began:   time.Now(),
		Commands: []string{
			"agent: " + strings.Join(pinned(r.agentCore, []string{r.Agent, "run", "-c", run.path()}).Args, " "),
			"sink:  " + strings.Join(pinned(r.sinkCore, r.Sink).Args, " "),
		},
	}
}

// JSON writes the report for programs.
func (rep Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(rep)
}

// Met says whether every figure that was measured is within what it must be,
// and no line was lost or repeated.
func (rep Report) Met() bool {
	for _, run := range rep.Runs {
		if run.Error != "" || run.Lost+run.Repeated+run.Strangers > 0 {
			return false
		}
	}
	for _, f := range rep.Figures() {
		if f.Verdict() == missed {
			return false
		}
	}
	return true
}

// Table prints the report for people.
func (rep Report) Table(w io.Writer) error {
	p := &printer{w: w}
	p.line("%s, %d cores, %s, %s", rep.Machine, rep.Cores, rep.Go, rep.Began.UTC().Format("2006-01-02 15:04 MST"))
	for _, c := range rep.Commands {
		p.line("%s", c)
	}
	p.line("")
	rows := [][]string{{"what", "got", "must", "aim", "unit", "verdict"}}
	for _, f := range rep.Figures() {
		rows = append(rows, f.cells())
	}
	p.table(rows)
	p.line("")
	rows = [][]string{{"workload", "lines", "MB", "lost", "repeated", "MB/CPU-s", "lines/CPU-s", "MB/s", "p50 ms", "p99 ms", "p99.9 ms", "sink %"}}
	for _, run := range rep.Runs {
		rows = append(rows, run.row())
	}
	p.table(rows)
	for _, run := range rep.Runs {
		for _, note := range run.remarks() {
			p.line("%s: %s", run.Workload, note)
		}
	}
	return p.err
}

// printer keeps the first error, so that a table reads as a table.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

// table aligns the first column left and the others right.
func (p *printer) table(rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	for _, row := range rows {
		var text strings.Builder
		for i, cell := range row {
			if i == 0 {
				fmt.Fprintf(&text, "%-*s", width[i], cell)
			} else {
				fmt.Fprintf(&text, "  %*s", width[i], cell)
			}
		}
		p.line("%s", text.String())
	}
}
