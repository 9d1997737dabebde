package bench

import (
	"fmt"
	"time"
)

// The condition of the CPU budget: what the agent adds to each JSON line.
const (
	addedWant      = 205.0 // bytes
	addedTolerance = 0.05
)

// Measurement is one workload's result. Figures that a workload does not make
// are zero.
type Measurement struct {
	Workload string   `json:"workload"`
	Error    string   `json:"error,omitempty"`
	Skipped  string   `json:"skipped,omitempty"` // why it was not measured
	Notes    []string `json:"notes,omitempty"`

	Lines     uint64 `json:"lines"`
	Bytes     int64  `json:"bytes"` // of the log files
	Lost      uint64 `json:"lost"`
	Repeated  uint64 `json:"repeated"`
	Strangers uint64 `json:"strangers"`

	CPU          time.Duration `json:"cpu"`  // of the agent, user and system
	Wall         time.Duration `json:"wall"` // that CPU is a share of, at a fixed rate and when idle
	Busy         time.Duration `json:"busy"` // from the files' appearance to the last document
	Gzip         GzipFigures   `json:"gzip"`
	AddedBytes   float64       `json:"added_bytes"` // to each line, on average
	RawBytes     int64         `json:"raw_bytes"`   // of the request bodies before compression
	WireBytes    int64         `json:"wire_bytes"`
	PeakRSS      int64         `json:"peak_rss"`
	DiskBytes    int64         `json:"disk_bytes"` // that the agent caused to be written
	Latency      Latency       `json:"latency"`
	SinkShare    float64       `json:"sink_share"`     // of a core, while the agent worked
	WriterLate   time.Duration `json:"writer_late"`    // how far the writer fell behind its rate
	FirstDoc     time.Duration `json:"first_doc"`      // from exec to the first document at the sink
	MoreFilesRSS int64         `json:"more_files_rss"` // peak, with 10,000 files
	OneFileRSS   int64         `json:"one_file_rss"`   // peak, with one quiet file
	Catchup      *Catchup      `json:"catchup,omitempty"`

	Outputs []OutputFigures `json:"outputs,omitempty"` // where there are several
	Dearest time.Duration   `json:"dearest,omitempty"` // CPU of the dearest of them alone
	Dead    *DeadFigures    `json:"dead,omitempty"`
}

// OutputFigures are of one of several outputs. The sums of what was lost and
// repeated are the Measurement's.
type OutputFigures struct {
	Kind      string        `json:"kind"`
	Docs      int64         `json:"docs"`
	Lost      uint64        `json:"lost"`
	Repeated  uint64        `json:"repeated"`
	Strangers uint64        `json:"strangers"`
	Unit      GzipFigures   `json:"unit"`
	Alone     time.Duration `json:"alone,omitempty"` // CPU of an agent with this output only, at this run's speed of the machine
}

// count takes over what the sinks counted, the first one's where there can be
// only one figure.
func (run *Measurement) count(m *measured, tallies ...Tally) {
	first := tallies[0]
	run.Lines, run.Bytes = m.written(), m.bytes()
	run.Gzip, run.RawBytes, run.WireBytes = first.Gzip, first.RawBytes, first.WireBytes
	run.Latency = first.Latency
	run.AddedBytes = addedBytes(m, first)
	run.WriterLate = m.writer.late
	run.Lost, run.Repeated, run.Strangers, run.Outputs = 0, 0, 0, nil
	for i, t := range tallies {
		run.Lost += t.Lost
		run.Repeated += t.Repeated
		run.Strangers += t.Strangers
		if len(t.Missing) > 0 {
			run.Notes = append(run.Notes, fmt.Sprintf("missing at %s, the first sequence numbers: %v", m.sinks[i].kind, t.Missing))
		}
		if len(tallies) > 1 {
			run.Outputs = append(run.Outputs, OutputFigures{Kind: m.sinks[i].kind, Docs: t.Docs, Lost: t.Lost, Repeated: t.Repeated, Strangers: t.Strangers, Unit: t.Gzip})
		}
	}
}

// addedBytes is how much longer documents are than their lines. It means
// something only if each line came once.
func addedBytes(m *measured, t Tally) float64 {
	if t.Docs == 0 || uint64(t.Docs) != m.written() {
		return 0
	}
	lines := m.bytes() - int64(m.written()) // without line ends
	return float64(t.DocBytes-lines) / float64(t.Docs)
}

// readAgent takes the figures of the agent's process, which must still run.
func (run *Measurement) readAgent(m *measured) error {
	if !measurable {
		run.Notes = append(run.Notes, "process figures are measured on Linux only")
		return nil
	}
	var err error
	if run.CPU, err = processCPU(m.agent.pid()); err != nil {
		return err
	}
	if _, run.PeakRSS, err = memory(m.agent.pid()); err != nil {
		return err
	}
	run.DiskBytes, err = diskWritten(m.agent.pid())
	return err
}
