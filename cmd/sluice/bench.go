package main

import (
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renthub/sluice/integration/bench"
	"github.com/renthub/sluice/internal/config"
)

func newBench(c *common) *cobra.Command {
	var o bench.Options
	size := "512MB"
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the agent on this machine",
		Long: `Measure the agent on this machine: a generator writes log files, an agent ships them
to a sink that counts, and a table says what it cost, beside what it must and
should cost. Lines lost or repeated are counted, and must be none. It exits with 1
if a figure is not what it must be.

The unit of CPU is the gzip, what compressing the same request bytes alone costs with
gzip -1; for Kafka it is the same with zstd's fastest level.`,
		Example: `  sluice bench                              the table of budgets, some minutes
  sluice bench --workload outputs           the other outputs: each alone, four at once, one of them dead
  sluice bench --workload rate --rate 10000 --duration 30s
  sluice bench --workload json --size 100MB -o json
  sluice bench --dir /var/lib/sluice        on the disk to be measured`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := config.ParseSize(size)
			if err != nil {
				return exit(exitUsage, err)
			}
			o.Size = int64(n)
			o.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			report, err := bench.Run(cmd.Context(), o)
			if len(report.Runs) > 0 {
				show := report.Table
				if c.output == "json" {
					show = report.JSON
				}
				if err := show(cmd.OutOrStdout()); err != nil {
					return err
				}
			}
			if err == nil && !report.Met() {
				return no()
			}
			return exit(exitNo, err)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Workload, "workload", "all", "one of "+strings.Join(bench.Workloads(), ", "))
	f.StringVar(&size, "size", size, "bytes of log in the bulk workloads")
	f.IntVar(&o.Rate, "rate", 0, "lines a second in the rate, catchup and dead1 workloads (default 10,000)")
	f.DurationVar(&o.Duration, "duration", 0, "of the rate workload and each stretch of dead1 (default 30s)")
	f.StringVar(&o.Agent, "agent", "", "another sluice binary to measure (default this one)")
	f.StringVar(&o.Dir, "dir", "", "folder to work in, on the disk to be measured (default a temporary one)")
	f.BoolVar(&o.KeepDir, "keep", false, "leave logs, configs and buffers there")
	f.BoolVar(&o.NoPin, "no-pin", false, "let the agent run on all cores")
	return cmd
}

// newBenchSink is the process that bench runs as the destination.
func newBenchSink(*common) *cobra.Command {
	return &cobra.Command{
		Use: "bench-sink", Short: "The destination of sluice bench", Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if code := bench.SinkMain(args); code != exitDone {
				return &exitError{code: code} // it has said why
			}
			return nil
		},
	}
}
