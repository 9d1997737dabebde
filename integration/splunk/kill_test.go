//go:build integration

package splunk

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
)

// A server that is killed loses what it has answered for and not written yet.
// With acknowledgement all of that is sent again.
func TestAKilledServerLosesNothing(t *testing.T) {
	kills, rate := 3, 4000
	if long() {
		kills = 25
	}
	v := realserver.StartVictoriaLogs(t)
	in := realserver.NewAckIntake(v)
	front := httptest.NewServer(in)
	t.Cleanup(front.Close)
	c := rig.Config{Dir: t.TempDir(), Outputs: []string{fmt.Sprintf(`output "splunk" "main" {
  endpoints   = [%q]
  token       = "any"
  ack         = "required"
  ack_timeout = "8s"
}
`, front.URL)}}
	agent := rig.Start(t, c.Write(t))
	writers := rig.NewWriters(c.Logs(), 4, rate)
	writers.Start(t)
	for i := range kills {
		in.WaitAnswered(t, 5)
		rig.Pause(time.Duration(100+(i*373)%1500) * time.Millisecond)
		v.Kill()
		in.Forget()
		rig.Pause(200 * time.Millisecond)
		v.Start(t)
	}
	written := writers.Stop(t)
	var total uint64
	for _, n := range written {
		total += n
	}
	rig.Eventually(t, 90*time.Second, func() string { return agent.Log() }, func() bool { return distinct(t, v) >= total })
	agent.Stop(t)

	var ledger rig.Ledger
	v.Query(t, "* | fields event.writer, event.seq", func(f map[string]string) {
		ledger.Add(fmt.Appendf(nil, `{"writer":%s,"seq":%s}`, f["event.writer"], f["event.seq"]))
	})
	b := ledger.Balance(written)
	answered, forgot := in.Counts()
	t.Logf("%d kills, %d requests answered, %d of them not acknowledged at a kill: %v", kills, answered, forgot, b)
	if b.Lost > 0 || len(b.Strangers) > 0 {
		t.Errorf("%q; %q", b.Examples, b.Strangers)
	}
	if forgot == 0 {
		t.Error("no kill came between an answer and its acknowledgement: the test has shown nothing")
	}
}

// distinct is how many different lines there are.
func distinct(t testing.TB, v *realserver.VictoriaLogs) uint64 {
	var n uint64
	v.Query(t, "* | count_uniq(event.writer, event.seq) as n", func(f map[string]string) {
		if _, err := fmt.Sscan(f["n"], &n); err != nil {
			t.Fatal(err)
		}
	})
	return n
}
