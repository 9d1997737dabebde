//go:build integration

package destinations

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

// demo is a run of the config of the docs.
type demo struct {
	config  string
	admin   string
	stores  []*store
	writers rig.Writers
	agent   *rig.Agent
}

// TestEachServerDiesInTurn kills every server and the agent while writers go
// on, and demands that each line is everywhere in the end.
func TestEachServerDiesInTurn(t *testing.T) {
	d := newDemo(t)
	d.checkBefore(t)
	d.agent = rig.Start(t, d.config)
	d.writers.Start(t)
	d.waitComplete(t, d.written(), "the beginning")

	repeated := map[string]uint64{} // by output, in the first run of the agent
	d.dies(t, d.store(t, "kafka.stream"))
	d.dies(t, d.store(t, "splunk.siem"))
	for _, s := range d.stores {
		repeated[s.output] = s.balances(t, d.writtenAtMost(t)).Repeated
	}
	d.agent.Kill()
	d.agent = rig.Start(t, d.config)
	d.waitComplete(t, d.written(), "the kill of the agent")
	again := map[string]uint64{} // by output, after the second run took over
	for _, s := range d.stores {
		again[s.output] = s.balances(t, d.writtenAtMost(t)).Repeated
	}
	d.dies(t, d.store(t, "cloudwatch.aws"))
	d.dies(t, d.store(t, "elasticsearch.search"))

	written := d.writers.Stop(t)
	d.waitComplete(t, written, "the end")
	d.agent.Stop(t)
	d.checkAfter(t)
	for _, s := range d.stores {
		b := s.balances(t, written)
		t.Logf("%-21s %d of %d ids, %d lost, %d repeated (%d in the first run, %d by the kill of the agent)",
			s.output, b.Distinct, b.Written, b.Lost, b.Repeated, repeated[s.output], again[s.output]-repeated[s.output])
		if b.Lost > 0 || len(b.Strangers) > 0 {
			t.Errorf("%s: %q; %q", s.output, b.Examples, b.Strangers)
		}
		switch s.output {
		case "elasticsearch.search": // an id is stored once, whoever was killed
			if b.Repeated > 0 {
				t.Errorf("%s has repeats: %q", s.output, b.Examples)
			}
		case "kafka.stream", "file.archive": // only what a killed agent had not noted
			if repeated[s.output] > 0 || b.Repeated != again[s.output] {
				t.Errorf("%s has repeats within a run: %d, %d, %d", s.output, repeated[s.output], again[s.output], b.Repeated)
			}
		}
	}
}

func newDemo(t *testing.T) *demo {
	t.Helper()
	dir := t.TempDir()
	d := &demo{config: filepath.Join(dir, "destinations.hcl"), admin: rig.FreeAddress(t)}
	text, err := os.ReadFile("../../docs/destinations.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.config, text, 0o644); err != nil { // the agent's log is written beside it
		t.Fatal(err)
	}
	logs := filepath.Join(dir, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DEMO_LOGS", filepath.Join(logs, "*.log"))
	t.Setenv("DEMO_BUFFER", filepath.Join(dir, "buffer"))
	t.Setenv("DEMO_ADMIN", d.admin)
	d.stores = startStores(t, filepath.Join(dir, "archive"))
	rate := 50
	if long() {
		rate = 1000
	}
	for i, class := range classes {
		d.writers = append(d.writers, &rig.Writer{Number: i, Path: filepath.Join(logs, class+".log"), Rate: rate, Line: appendLine})
	}
	return d
}

// appendLine makes a line of the writer's class.
func appendLine(dst []byte, writer int, seq uint64, now time.Time) []byte {
	level := "info"
	if classes[writer] == "debug" {
		level = "debug"
	}
	return fmt.Appendf(dst, `{"time":%q,"level":%q,"audit":%t,"msg":"Booking confirmed, the host was notified","writer":%d,"seq":%d,"request":{"method":"POST","path":"/api/v1/bookings","status":201}}`+"\n",
		now.UTC().Format(time.RFC3339Nano), level, classes[writer] == "audit", writer, seq)
}

func (d *demo) store(t testing.TB, output string) *store {
	t.Helper()
	i := slices.IndexFunc(d.stores, func(s *store) bool { return s.output == output })
	if i < 0 {
		t.Fatalf("no store for %s", output)
	}
	return d.stores[i]
}

// written is how many lines each writer has written by now.
func (d *demo) written() map[int]uint64 {
	m := map[int]uint64{}
	for _, w := range d.writers {
		m[w.Number] = w.Written()
	}
	return m
}

// writtenAtMost is more than any store can have while it is read.
func (d *demo) writtenAtMost(t testing.TB) map[int]uint64 {
	m := d.written()
	for i := range m {
		m[i] += 1 << 20
	}
	return m
}

// waitComplete waits until all stores but those left out have what was written,
// and returns how long each took.
func (d *demo) waitComplete(t testing.TB, written map[int]uint64, after string, but ...*store) map[string]time.Duration {
	t.Helper()
	began, took := time.Now(), map[string]time.Duration{}
	for _, s := range d.stores {
		if slices.Contains(but, s) {
			continue
		}
		rig.Eventually(t, 2*time.Minute, func() string { return s.output + " has all after " + after + "; the agent says: " + d.agent.Log() }, func() bool {
			if s.balances(t, written).Lost > 0 {
				rig.Pause(200 * time.Millisecond)
				return false
			}
			return true
		})
		took[s.output] = time.Since(began).Round(100 * time.Millisecond)
	}
	return took
}

// dies kills a store, demands that the others do not notice, and brings it
// back.
func (d *demo) dies(t *testing.T, s *store) {
	t.Helper()
	others := slices.DeleteFunc(slices.Clone(d.stores), func(o *store) bool { return o == s })
	well := d.lags(t, others)
	s.kill(t)
	down := time.Now()
	dead := d.lags(t, others)
	// Lines that did not exist when it died come to all others.
	fresh := d.written()
	took := d.waitComplete(t, fresh, "the kill of "+s.output, s)
	for _, o := range others {
		t.Logf("%s is dead: %-21s lag %3.0f ms, before %3.0f ms; what was written meanwhile was there after %v", s.output, o.output, 1000*dead[o.output], 1000*well[o.output], took[o.output])
		if dead[o.output] > well[o.output]+0.5 {
			t.Errorf("%s is later by more than half a second since %s is dead", o.output, s.output)
		}
		if took[o.output] > 20*time.Second {
			t.Errorf("%s took %v for what was written while %s is dead", o.output, took[o.output], s.output)
		}
	}
	d.checkWhileDead(t, s)
	missed := d.written()
	s.start(t)
	up := time.Now()
	d.waitComplete(t, missed, "the return of "+s.output)
	t.Logf("%s was dead for %v and complete %v after it was back", s.output, up.Sub(down).Round(time.Second), time.Since(up).Round(100*time.Millisecond))
}

// lags are the medians of how far outputs are behind, in seconds, over 3
// seconds.
func (d *demo) lags(t testing.TB, of []*store) map[string]float64 {
	t.Helper()
	samples := map[string][]float64{}
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until); rig.Pause(50 * time.Millisecond) {
		m := rig.Metrics(t, d.admin)
		for _, s := range of {
			lag, ok := m[fmt.Sprintf("sluice_output_lag_seconds{output=%q}", s.output)]
			if !ok {
				t.Fatalf("no lag of %s", s.output)
			}
			samples[s.output] = append(samples[s.output], lag)
		}
	}
	medians := map[string]float64{}
	for name, list := range samples {
		slices.Sort(list)
		medians[name] = list[len(list)/2]
	}
	return medians
}

func lineWith(text string, words ...string) bool {
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			return true
		}
	}
	return false
}
