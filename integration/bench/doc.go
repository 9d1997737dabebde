// Package bench measures an agent on the machine it runs on, and prints the
// table of budgets that Sluice is held to.
//
// Three processes take part: the runner (this package: it writes the log
// files), the agent under test (`sluice run` on a config made here) and the
// sink (SinkMain: it answers as Elasticsearch, Splunk, CloudWatch Logs, Kafka and
// a plain HTTP endpoint do, each on an address of its own). Only the agent's
// process is measured. While it works the sink at most inflates a body and counts
// what is in it; it looks into bodies between the measured stretches, so that as
// little as can be of its own work becomes the agent's cost on a machine whose
// cores share caches. What a kind of destination has of its own is a form
// (sink_*.go); the counting is the same for all.
//
// Every line carries a sequence number, and each run counts lines lost and
// repeated: a figure of an agent that loses lines is worth nothing.
//
// The unit of CPU time is the gzip: what compressing the same request bytes
// alone costs (gzip level 1, one writer, reset for each MiB), measured by the
// sink on the bodies of the same run; for Kafka it is zstd's fastest level on the
// record bytes. It makes figures of different machines
// and of different minutes on one machine comparable.
package bench
