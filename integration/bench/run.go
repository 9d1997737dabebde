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

// Options say what to measure. The zero value measures the table of budgets with
// the agent that is running.
type Options struct {
	Agent    string        // path of the sluice binary; this program if empty
	Sink     []string      // command that calls SinkMain; `Agent bench-sink` if empty
	Workload string        // one of Workloads; "all" if empty
	Size     int64         // bytes of log in the bulk workloads; 512 MB if 0
	Rate     int           // lines a second in the rate, catchup and dead1 workloads; 10,000 if 0
	Duration time.Duration // of the rate workload and of each stretch of dead1; 30 s if 0
	Dir      string        // where to work, on the disk to be measured; a temporary folder if empty
	KeepDir  bool          // leave logs, configs and buffers there
	NoPin    bool          // let the agent run on all cores, else it has one for itself where there are two
	Logger   *slog.Logger  // tells how far it is; silent if nil
}

// Workloads are the names that Options.Workload takes: "all" is the table of
// budgets, "outputs" the same for the other outputs, and then each alone, in the
// order in which those run them.
func Workloads() []string {
	names := []string{budgets, otherOutputs}
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	return names
}

// The groups of workloads.
const (
	budgets      = "all"
	otherOutputs = "outputs"
)

// workload is one measurement with an agent of its own.
type workload struct {
	name    string
	group   string
	measure func(*runner, context.Context, *Measurement) error
}

func workloads() []workload {
	return []workload{
		{"json", budgets, (*runner).measureJSON},
		{"nginx", budgets, (*runner).measureNginx},
		{"files100", budgets, (*runner).measureFiles},
		{"rate", budgets, (*runner).measureRate},
		{"memory", budgets, (*runner).measureMemory},
		{"start", budgets, (*runner).measureStart},
		{"idle", budgets, (*runner).measureIdle},
		{"catchup", budgets, (*runner).measureCatchup},
		{"restart", budgets, (*runner).measureRestart},
		{splunk, otherOutputs, measureOutput(splunk)},
		{cloudwatch, otherOutputs, measureOutput(cloudwatch)},
		{kafka, otherOutputs, measureOutput(kafka)},
		{plainHTTP, otherOutputs, measureOutput(plainHTTP)},
		{"four", otherOutputs, (*runner).measureFour},
		{"dead1", otherOutputs, (*runner).measureDead},
	}
}

// choose returns the workloads of a name or a group.
func choose(name string) ([]workload, error) {
	name = cmp.Or(name, budgets)
	chosen := slices.DeleteFunc(workloads(), func(w workload) bool { return w.name != name && w.group != name })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no workload %q: have %s", name, strings.Join(Workloads(), ", "))
	}
	return chosen, nil
}

// runner holds what the measurements of one Run share.
type runner struct {
	Options
	sink                sinkClient // of Elasticsearch
	sinkProcess         *process
	sinkInput           io.Closer
	agentCore, sinkCore string // for taskset, or ""
	pad                 int    // of agentConfig; set by calibrate
	calibrated          bool
}

// Run measures. The report holds what was measured before an error, too.
func Run(ctx context.Context, o Options) (Report, error) {
	r := &runner{Options: o, sink: sinkClient{kind: elastic}}
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
	chosen, err := choose(r.Workload)
	if err != nil {
		return nil, err
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

	sinks []sinkClient // one for each output

	seqMark, stampMark string

	firstSeq  uint64 // of what the sink counts
	skipBytes int64  // written before it
}

// newMeasured makes the folders and config of a run and tells the sinks to begin
// anew. Without kinds of outputs there is Elasticsearch alone.
func (r *runner) newMeasured(ctx context.Context, name, parser string, lines Lines, kinds ...string) (*measured, error) {
	if len(kinds) == 0 {
		kinds = []string{elastic}
	}
	m := &measured{runner: r, writer: lineWriter{lines: lines}}
	m.seqMark, m.stampMark = lines.Marks()
	m.config = agentConfig{dir: filepath.Join(r.Dir, name), parser: parser, pad: r.pad}
	for _, kind := range kinds {
		m.sinks = append(m.sinks, r.sink.of(kind))
		m.config.outputs = append(m.config.outputs, destination{kind, r.sink.addresses.Data[kind]})
	}
	if err := m.config.write(); err != nil {
		return nil, err
	}
	return m, m.begin(ctx)
}

// begin lets the sinks forget what they had, and count from the next line on.
func (m *measured) begin(ctx context.Context) error {
	m.firstSeq, m.skipBytes = m.writer.next, m.writer.bytes
	for _, s := range m.sinks {
		if err := s.begin(ctx, Expect{First: m.firstSeq, SeqMark: m.seqMark, StampMark: m.stampMark}); err != nil {
			return err
		}
	}
	return nil
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
