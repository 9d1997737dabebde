package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Options say what to measure. The zero value measures everything with the
// agent that is running.
type Options struct {
	Agent    string        // path of the sluice binary; this program if empty
	Sink     []string      // command that calls SinkMain; `Agent bench-sink` if empty
	Workload string        // one of Workloads; "all" if empty
	Size     int64         // bytes of log in the bulk workloads; 512 MB if 0
	Rate     int           // lines a second in the rate and catchup workloads; 10,000 if 0
	Duration time.Duration // of the rate workload; 30 s if 0
	Dir      string        // where to work, on the disk to be measured; a temporary folder if empty
	KeepDir  bool          // leave logs, configs and buffers there
	NoPin    bool          // let the agent run on all cores, else it has one for itself where there are two
	Logger   *slog.Logger  // tells how far it is; silent if nil
}

// Workloads are the names that Options.Workload takes, in the order in which
// "all" runs them.
func Workloads() []string {
	names := []string{"all"}
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	return names
}

// workload is one measurement with an agent of its own.
type workload struct {
	name    string
	measure func(*runner, context.Context, *Measurement) error
}

func workloads() []workload {
	return []workload{
		{"json", (*runner).measureJSON},
		{"nginx", (*runner).measureNginx},
		{"files100", (*runner).measureFiles},
		{"rate", (*runner).measureRate},
		{"memory", (*runner).measureMemory},
		{"start", (*runner).measureStart},
		{"idle", (*runner).measureIdle},
		{"catchup", (*runner).measureCatchup},
		{"restart", (*runner).measureRestart},
	}
}

// runner holds what the measurements of one Run share.
type runner struct {
	Options
	sink                sinkClient
	sinkProcess         *process
	sinkInput           io.Closer
	agentCore, sinkCore string // for taskset, or ""
	pad                 int    // of agentConfig; set by calibrate
	calibrated          bool
}

// Run measures. The report holds what was measured before an error, too.
func Run(ctx context.Context, o Options) (Report, error) {
	r := &runner{Options: o}
	chosen, err := r.prepare()
	if err != nil {
		return Report{}, err
	}
	if !o.KeepDir {
		defer os.RemoveAll(r.Dir)
	}
	if r.sinkCore != "" {
		undo, err := confine(r.sinkCore)
		if err != nil {
			return Report{}, err
		}
		defer undo()
	}
	report := r.newReport()
	if err := r.startSink(ctx); err != nil {
		return report, err
	}
	defer r.stopSink()
	var failed []error
	for _, w := range chosen {
		r.Logger.Info("measuring", "workload", w.name)
		run := Measurement{Workload: w.name}
		if err := w.measure(r, ctx, &run); err != nil {
			run.Error = err.Error()
			failed = append(failed, fmt.Errorf("measure %s: %w", w.name, err))
		}
		report.Runs = append(report.Runs, run)
		if ctx.Err() != nil {
			break
		}
	}
	return report, errors.Join(failed...)
}

// prepare fills in what the options leave open, and makes the working folder.
func (r *runner) prepare() ([]workload, error) {
	if r.Agent == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find the agent's binary: %w", err)
		}
		r.Agent = self
	}
	if len(r.Sink) == 0 {
		r.Sink = []string{r.Agent, "bench-sink"}
	}
	if r.Size == 0 {
		r.Size = 512e6
	}
	if r.Rate == 0 {
		r.Rate = 10_000
	}
	if r.Duration == 0 {
		r.Duration = 30 * time.Second
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if _, err := exec.LookPath("taskset"); err == nil && !r.NoPin && runtime.NumCPU() > 1 {
		r.agentCore, r.sinkCore = "0", "1"
	}
	chosen := workloads()
	if r.Workload != "" && r.Workload != "all" {
		i := slices.IndexFunc(chosen, func(w workload) bool { return w.name == r.Workload })
		if i < 0 {
			return nil, fmt.Errorf("no workload %q: have %s", r.Workload, strings.Join(Workloads(), ", "))
		}
		chosen = chosen[i : i+1]
	}
	parent, err := filepath.Abs(cmp.Or(r.Dir, os.TempDir()))
	if err != nil {
		return nil, err
	}
	r.Dir, err = os.MkdirTemp(parent, "sluice-bench-")
	return chosen, err
}

// measured is one agent at work: its process, its files and what the sink is to
// have seen of them.
type measured struct {
	runner *runner
	config agentConfig
	agent  *process
	writer lineWriter

	seqMark, stampMark string

	firstSeq  uint64 // of what the sink counts
	skipBytes int64  // written before it
}

// newMeasured makes the folders and config of a run and tells the sink to begin
// anew.
func (r *runner) newMeasured(ctx context.Context, name, parser string, lines Lines) (*measured, error) {
	m := &measured{runner: r, writer: lineWriter{lines: lines}}
	m.seqMark, m.stampMark = lines.Marks()
	m.config = agentConfig{dir: filepath.Join(r.Dir, name), parser: parser, sink: r.sink.addresses.Data, pad: r.pad}
	if err := m.config.write(); err != nil {
		return nil, err
	}
	return m, m.begin(ctx)
}

// begin lets the sink forget what it had, and count from the next line on.
func (m *measured) begin(ctx context.Context) error {
	m.firstSeq, m.skipBytes = m.writer.next, m.writer.bytes
	return m.runner.sink.begin(ctx, Expect{First: m.firstSeq, SeqMark: m.seqMark, StampMark: m.stampMark})
}

// written is how many lines the sink is to have had since begin.
func (m *measured) written() uint64 { return m.writer.next - m.firstSeq }

// bytes is how long they are, line ends included.
func (m *measured) bytes() int64 { return m.writer.bytes - m.skipBytes }

func (m *measured) start() (err error) {
	m.agent, err = m.runner.startAgent(m.config)
	return err
}

// end stops the agent, if it runs, and removes what it left.
func (m *measured) end() error {
	m.writer.close()
	var err error
	if m.agent != nil {
		err = m.agent.stop(40 * time.Second)
		if err != nil {
			err = fmt.Errorf("stop the agent: %w", err)
		}
	}
	if !m.runner.KeepDir && err == nil {
		os.RemoveAll(m.config.dir)
	}
	return err
}

// agentLog returns the end of what the agent printed, for an error.
func (m *measured) agentLog() string {
	text, err := os.ReadFile(m.config.path() + ".log")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text[max(0, len(text)-2000):]))
}
