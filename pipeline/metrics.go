package pipeline

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
)

var errNotStarted = errors.New("not started yet")

// Gather collects the metrics of the agent and of all components that run.
func (a *Agent) Gather() ([]*dto.MetricFamily, error) {
	own := prometheus.NewRegistry()
	if err := own.Register(collector{a}); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	all := prometheus.Gatherers{own}
	a.mu.Lock()
	for _, in := range a.inputs {
		all = append(all, in.metrics)
	}
	for _, o := range a.outputs {
		all = append(all, o.metrics)
	}
	a.mu.Unlock()
	return all.Gather()
}

// collector makes metrics from the status when Prometheus asks: counting costs
// the hot path nothing more than it does anyway.
type collector struct{ a *Agent }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sluice_"+name, help, labels, nil)
}

var (
	ingestRows      = desc("ingest_rows_total", "Records read from all inputs.")
	ingestBytes     = desc("ingest_bytes_total", "Bytes read from all inputs.")
	ingestDocuments = desc("ingest_documents_total", "Documents written to the buffer.")
	ingestEncoded   = desc("ingest_encoded_bytes_total", "Bytes of these documents before compression.")
	ingestDropped   = desc("ingest_dropped_total", "Records dropped by enrich rules.")
	ingestUnrouted  = desc("ingest_unrouted_total", "Documents that no route took; they go to every output.")
	ingestErrors    = desc("ingest_parse_errors_total", "Records that could not be read as they should have been.", "reason")
	bufferBytes     = desc("buffer_bytes", "Bytes of all segments on disk.")
	bufferMax       = desc("buffer_max_bytes", "Limit of the buffer.")
	bufferSegments  = desc("buffer_segments", "Segments on disk.")
	bufferWritten   = desc("buffer_written_bytes_total", "Bytes written to segments.")
	bufferSyncs     = desc("buffer_syncs_total", "Syncs of segments.")
	bufferUnsynced  = desc("buffer_unsynced_bytes", "Bytes written and not yet synced.")
	bufferHealthy   = desc("buffer_healthy", "1 while the buffer takes records.")
	bufferReread    = desc("buffer_reread_documents_total", "Documents of damaged records that were read again from their sources.")
	bufferLost      = desc("buffer_lost_documents_total", "Documents of damaged records that could not be had again, by reason.", "reason")
	outputSent      = desc("output_documents_total", "Documents that the destination took.", "output")
	outputSentBytes = desc("output_document_bytes_total", "Their bytes before compression.", "output")
	outputBody      = desc("output_body_bytes_total", "Bytes of request bodies, repeats included.", "output")
	outputRequests  = desc("output_requests_total", "Requests made.", "output")
	outputRetries   = desc("output_retries_total", "Requests that were not taken whole.", "output")
	outputDead      = desc("output_dead_letters_total", "Documents that can never be taken.", "output")
	outputLost      = desc("output_lost_documents_total", "Documents that this output will not get, by reason.", "output", "reason")
	outputPending   = desc("output_pending_documents", "Documents that wait in the buffer.", "output")
	outputPendingB  = desc("output_pending_bytes", "Bytes on disk that wait for this output.", "output")
	outputHeld      = desc("output_held_documents", "Documents set apart since their target (an index, a partition) is in trouble.", "output")
	outputTwice     = desc("output_failover_repeats_total", "Documents sent to both an output and its standby, for want of an answer.", "output")
	outputLag       = desc("output_lag_seconds", "Age of the oldest document that waits.", "output")
	outputState     = desc("output_state", "1 for the state that the output is in.", "output", "state")
)

// Describe sends nothing: the collector is unchecked, since outputs come and go.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the status once.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s := c.a.Status()
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter(ingestRows, float64(s.Ingest.Rows))
	counter(ingestBytes, float64(s.Ingest.Bytes))
	counter(ingestDocuments, float64(s.Ingest.Documents))
	counter(ingestEncoded, float64(s.Ingest.Encoded))
	counter(ingestDropped, float64(s.Ingest.Dropped))
	counter(ingestUnrouted, float64(s.Ingest.Unrouted))
	for _, e := range event.ParseErrors() {
		counter(ingestErrors, float64(s.Ingest.Errors[e]), e.String())
	}
	b := &s.Buffer
	gauge(bufferBytes, float64(b.Bytes))
	gauge(bufferMax, float64(b.MaxBytes))
	gauge(bufferSegments, float64(b.Segments))
	counter(bufferWritten, float64(b.Written))
	counter(bufferSyncs, float64(b.Syncs))
	gauge(bufferUnsynced, float64(b.Unsynced))
	gauge(bufferHealthy, bool2float(b.Condition == buffer.OK || b.Condition == buffer.Full))
	counter(bufferReread, float64(s.Damage.Reread))
	for why, n := range s.Damage.Lost {
		counter(bufferLost, float64(n), why)
	}
	for i := range s.Outputs {
		o := &s.Outputs[i]
		counter(outputSent, float64(o.Sent), o.Name)
		counter(outputSentBytes, float64(o.SentBytes), o.Name)
		counter(outputBody, float64(o.BodyBytes), o.Name)
		counter(outputRequests, float64(o.Requests), o.Name)
		counter(outputRetries, float64(o.Retries), o.Name)
		counter(outputDead, float64(o.Dead), o.Name)
		counter(outputLost, float64(o.Shed), o.Name, "buffer_full")
		counter(outputLost, float64(o.Damaged), o.Name, "damaged")
		gauge(outputPending, float64(o.Pending), o.Name)
		gauge(outputPendingB, float64(o.Bytes), o.Name)
		counter(outputTwice, float64(o.Twice), o.Name)
		held := uint64(0)
		for _, h := range o.Held {
			held += h.Documents
		}
		gauge(outputHeld, float64(held), o.Name)
		gauge(outputLag, o.lag(s.Now.UnixMilli()), o.Name)
		gauge(outputState, 1, o.Name, o.State)
	}
}

// lag is the age in seconds of the oldest document that waits.
func (o *OutputStatus) lag(now int64) float64 {
	if o.Oldest == 0 {
		return 0
	}
	return max(0, float64(now-o.Oldest)/1000)
}

func bool2float(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
