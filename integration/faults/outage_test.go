//go:build integration

package faults

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// pace holds how late documents come at a destination.
type pace struct {
	mu    sync.Mutex
	since time.Time       // guarded by mu
	late  []time.Duration // guarded by mu
}

func (p *pace) add(_, _ string, doc []byte) {
	if at, ok := rig.SentAt(doc); ok {
		late := time.Since(at)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.late = append(p.late, late)
	}
}

// take returns lines a second and latency since the last call.
func (p *pace) take() (rate float64, p50, p99 time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	rate = float64(len(p.late)) / now.Sub(p.since).Seconds()
	slices.Sort(p.late)
	if n := len(p.late); n > 0 {
		p50, p99 = p.late[n/2], p.late[n*99/100]
	}
	p.since, p.late = now, nil
	return rate, p50, p99
}

func TestADeadDestinationDoesNotSlowAnother(t *testing.T) {
	const stretch = 8 * time.Second
	var p pace
	dead := rig.NewStore(t, essim.Options{})
	live := rig.NewStore(t, essim.Options{OnDoc: p.add})
	dir := t.TempDir()
	archive := filepath.Join(dir, "archive")
	cfg := rig.Config{Dir: dir, Admin: rig.FreeAddress(t), Outputs: []string{
		rig.Elasticsearch("dies", dead.URL()),
		rig.Elasticsearch("lives", live.URL()),
		fmt.Sprintf("output \"file\" \"archive\" {\n  path = %q\n}\n", archive),
	}}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 4, 5000)
	ws.Start(t)
	a := rig.Start(t, config)
	dead.Await(t, a, 5000)
	live.Await(t, a, 5000)
	archived := func() float64 {
		return rig.Metrics(t, cfg.Admin)[`sluice_output_documents_total{output="file.archive"}`]
	}

	p.take()
	fileBefore := archived()
	rig.Pause(stretch)
	rate, p50, p99 := p.take()
	fileRate := (archived() - fileBefore) / stretch.Seconds()

	dead.Down()
	p.take()
	fileBefore = archived()
	rig.Pause(stretch)
	rateDown, p50Down, p99Down := p.take()
	fileRateDown := (archived() - fileBefore) / stretch.Seconds()
	dead.Up(t)

	t.Logf("with all destinations: %.0f lines/s, p50 %s, p99 %s; the archive %.0f lines/s", rate, p50, p99, fileRate)
	t.Logf("with one of them dead: %.0f lines/s, p50 %s, p99 %s; the archive %.0f lines/s", rateDown, p50Down, p99Down, fileRateDown)
	if rateDown < rate*0.95 || fileRateDown < fileRate*0.95 {
		t.Error("a dead destination slowed another")
	}
	if p99Down > 2*p99+50*time.Millisecond {
		t.Errorf("a dead destination made another late: p99 %s, before %s", p99Down, p99)
	}
	written := ws.Stop(t)
	dead.Await(t, a, ws.Written())
	live.Await(t, a, ws.Written())
	rig.Eventually(t, 30*time.Second, agentSays("all lines in the archive", a), func() bool { return archived() >= float64(ws.Written()) })
	a.Stop(t)
	for _, l := range []*rig.Ledger{&dead.Ledger, &live.Ledger, readArchive(t, archive)} {
		t.Log(l.Demand(t, written))
	}
}

// readArchive reads what the file output wrote.
func readArchive(t *testing.T, dir string) *rig.Ledger {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var l rig.Ledger
	for _, f := range folders {
		rig.ReadLogs(t, f, l.Add)
	}
	return &l
}

func TestAnUnknownHostIsTriedOnAndOn(t *testing.T) {
	live := rig.NewStore(t, essim.Options{})
	cfg := rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t), Outputs: []string{
		rig.Elasticsearch("nowhere", "http://no-such-host.invalid:9200"),
		rig.Elasticsearch("lives", live.URL()),
	}}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 2, 2000)
	ws.Start(t)
	a := rig.Start(t, config)
	live.Await(t, a, 5000)
	rig.Eventually(t, 20*time.Second, agentSays("several tries", a), func() bool {
		m := rig.Metrics(t, cfg.Admin)
		return m[`sluice_output_retries_total{output="elasticsearch.nowhere"}`] >= 3 &&
			m[`sluice_output_dead_letters_total{output="elasticsearch.nowhere"}`] == 0 &&
			m[`sluice_output_pending_documents{output="elasticsearch.nowhere"}`] >= 5000
	})
	written := ws.Stop(t)
	live.Await(t, a, ws.Written())
	a.Stop(t)
	live.Ledger.Demand(t, written)
}
