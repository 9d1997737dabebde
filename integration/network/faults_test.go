//go:build integration

package network

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

const (
	linesPerSecond = 2000
	// rssAllowance is what the agent may grow by while five outputs hang: the
	// requests that they hold, not what waits, which is on disk.
	rssAllowance = 64 << 20
)

// TestNetworkFaults lets each fault happen to five outputs at once, of one
// agent, which also keeps an archive.
func TestNetworkFaults(t *testing.T) {
	quietAWS(t)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) { runFault(t, f) })
	}
}

func runFault(t *testing.T, f fault) {
	lasts, steady := 3*time.Second, 2*time.Second
	if long() {
		lasts, steady = 30*time.Second, 10*time.Second
	}
	all := destinations(t)
	dir := t.TempDir()
	cfg := rig.Config{Dir: dir, Admin: rig.FreeAddress(t), Outputs: []string{
		fmt.Sprintf("output \"file\" \"archive\" {\n  path = %q\n}\n", filepath.Join(dir, "archive")),
	}}
	for _, d := range all {
		cfg.Outputs = append(cfg.Outputs, d.output)
	}
	config := cfg.Write(t)
	kept := follow(t, filepath.Join(dir, "archive"))
	ws := rig.NewWriters(cfg.Logs(), 2, linesPerSecond)
	ws.Start(t)
	a := rig.Start(t, config)
	rig.Eventually(t, 30*time.Second, func() string {
		return fmt.Sprintf("all outputs send: %+v; the agent says: %s", status(t, cfg.Admin), a.Log())
	}, func() bool {
		return caughtUp(t, cfg.Admin, all, 2000, 1000)
	})

	kept.take()
	rig.Pause(steady)
	before, p50, p99 := kept.take()
	rss := resident(t, a.Pid())
	for _, d := range all {
		f.begin(t, d.proxy)
	}
	seen := watch(t, cfg.Admin, a.Pid(), lasts)
	during, p50During, p99During := kept.take()
	for _, d := range all {
		d.proxy = f.end(t, d.proxy)
	}
	ended := time.Now()
	rig.Pause(500 * time.Millisecond)
	written := ws.Stop(t)
	rig.Eventually(t, time.Minute, func() string {
		return fmt.Sprintf("all is delivered: %+v; the agent says: %s", status(t, cfg.Admin), a.Log())
	}, func() bool {
		return caughtUp(t, cfg.Admin, all, float64(ws.Written()), 0) && kept.Came() >= ws.Written()
	})
	t.Logf("all delivered %s after the fault; %d lines; RSS %d MiB, at most %d MiB during the fault", time.Since(ended).Round(10*time.Millisecond), ws.Written(), rss>>20, seen.rss>>20)
	t.Logf("archive: %d documents, p50 %s, p99 %s; during the fault %d, p50 %s, p99 %s", before, p50, p99, during, p50During, p99During)
	metrics := rig.Metrics(t, cfg.Admin)
	a.Stop(t)

	kept.Demand(t, written)
	if p99During > 3*p99+300*time.Millisecond || float64(during)/lasts.Seconds() < 0.8*linesPerSecond {
		t.Error("the archive was slowed")
	}
	if seen.rss > rss+rssAllowance {
		t.Errorf("the agent grew from %d to %d MiB", rss>>20, seen.rss>>20)
	}
	for _, d := range all {
		t.Run(d.name, func(t *testing.T) { d.check(t, f, seen.errors[d.name], written, metrics) })
	}
}

// check compares what is stored with what was written, and what the status said
// with what happened.
func (d *destination) check(t *testing.T, f fault, said []string, written map[int]uint64, metrics map[string]float64) {
	b := d.stored(t).Balance(written)
	t.Logf("%s, up to %v allowed; said %q", b, d.repeats(metrics), said[:min(2, len(said))])
	if b.Lost > 0 || len(b.Strangers) > 0 || float64(b.Repeated) > d.repeats(metrics) {
		t.Errorf("%s, want none lost and at most %v repeated; %q; %q", b, d.repeats(metrics), b.Examples, b.Strangers)
	}
	if dead := metrics[`sluice_output_dead_letters_total{output="`+d.name+`"}`]; dead > 0 {
		t.Errorf("got %v dead letters, want none: a network refuses no document", dead)
	}
	for _, text := range said {
		if slices.ContainsFunc(f.causes, func(c string) bool { return strings.Contains(text, c) }) {
			return
		}
	}
	t.Errorf("the status said %q, want one of %q", said, f.causes)
}

// caughtUp says whether each output has taken so many documents, and at most a
// few wait.
func caughtUp(t testing.TB, admin string, all []*destination, documents, waiting float64) bool {
	t.Helper()
	if status(t, admin) == nil {
		return false
	}
	m := rig.Metrics(t, admin)
	for _, d := range all {
		if m[`sluice_output_documents_total{output="`+d.name+`"}`] < documents || m[`sluice_output_pending_documents{output="`+d.name+`"}`] > waiting {
			return false
		}
	}
	return true
}

// sightings are what was seen of an agent over a time.
type sightings struct {
	errors map[string][]string // distinct ones, by output
	rss    int64               // the most
}

func watch(t testing.TB, admin string, pid int, lasts time.Duration) sightings {
	t.Helper()
	s := sightings{errors: map[string][]string{}}
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		for name, o := range status(t, admin) {
			if o.Error != "" && !slices.Contains(s.errors[name], o.Error) {
				s.errors[name] = append(s.errors[name], o.Error)
			}
		}
		s.rss = max(s.rss, resident(t, pid))
		rig.Pause(150 * time.Millisecond)
	}
	return s
}

// resident is a process's resident set at the moment, in bytes.
func resident(t testing.TB, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
