//go:build integration

package kafka

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestAgentAndKilledBroker runs the binary and kills the broker under it: within
// one run of the agent each line is stored once.
func TestAgentAndKilledBroker(t *testing.T) {
	b := startBroker(t, "broker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=300")
	cfg := rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t), Outputs: []string{fmt.Sprintf(`output "kafka" "hub" {
  endpoints  = [%q]
  partitions = 6
  timeout    = "3s"
}
`, b.Address(t, clear))}}
	a := rig.Start(t, cfg.Write(t))
	ws := rig.NewWriters(cfg.Logs(), 4, 4000)
	ws.Start(t)
	rounds := 2
	if long() {
		rounds = 15
	}
	taken := func() float64 {
		return rig.Metrics(t, cfg.Admin)[`sluice_output_documents_total{output="kafka.hub"}`]
	}
	for range rounds {
		from := float64(0)
		if a.Running() && ws.Written() > 0 {
			rig.Eventually(t, time.Minute, func() string { return "documents flow; the agent says: " + a.Log() }, func() bool {
				now := taken()
				if from == 0 {
					from = now
				}
				return now > from+12_000
			})
		}
		b.Kill(t)
		b.Start(t)
	}
	rig.Eventually(t, time.Minute, func() string { return "documents flow again; the agent says: " + a.Log() }, func() bool { return taken() > 0 })
	written := ws.Stop(t)
	total := uint64(0)
	for _, n := range written {
		total += n
	}
	rig.Eventually(t, time.Minute, func() string {
		return fmt.Sprintf("%v of %d are delivered; status %s; the agent says: %s", taken(), total, status(cfg.Admin), a.Log())
	}, func() bool {
		m := rig.Metrics(t, cfg.Admin)
		return m[`sluice_output_documents_total{output="kafka.hub"}`] >= float64(total) && m[`sluice_output_pending_documents{output="kafka.hub"}`] == 0
	})
	m := rig.Metrics(t, cfg.Admin)
	for _, name := range []string{"possible_repeats_documents_total", "resent_batches_total", "duplicate_batches_total", "producer_ids_total"} {
		t.Logf("%s %v", name, m[`sluice_kafka_`+name+`{output="kafka.hub"}`])
	}
	a.Stop(t)
	var ledger rig.Ledger
	got := b.Read(t, "logs-standard")
	for i := range got {
		ledger.Add([]byte(got[i].Payload))
	}
	t.Log(ledger.Demand(t, written))
}

// status is what the agent says of itself.
func status(admin string) string {
	answer, err := http.Get("http://" + admin + "/api/status")
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
