//go:build integration

package endtoend

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
)

var outage = flag.Duration("outage", 20*time.Second, "how long the server is away under load")

func TestTheServerRestartsUnderLoad(t *testing.T) {
	const before, rate, stream = 10 * time.Second, 3600, "logs-rig-standard"
	n := realserver.Start(t, realserver.Elasticsearch)
	dir := t.TempDir()
	cfg := rig.Config{Dir: dir, Admin: rig.FreeAddress(t), Outputs: []string{
		output(`"elasticsearch" "main"`, fmt.Sprintf("endpoints = [%q]", n.URL)),
		output(`"file" "archive"`, fmt.Sprintf("path = %q", filepath.Join(dir, "archive"))),
	}}
	config := cfg.Write(t)
	a := start(t, config, cfg.Admin)
	ws := rig.NewWriters(cfg.Logs(), 4, rate)
	for _, w := range ws {
		w.Rotation = rig.Never // what a rotation delays would hide what an outage does
	}
	ws.Start(t)
	second := newArchive(filepath.Join(dir, "archive"))
	stretch := func(d time.Duration) pace {
		over := time.After(d)
		second.follow(t, func() bool {
			select {
			case <-over:
				return true
			default:
				return false
			}
		})
		return second.pace()
	}
	pending := func() int {
		return int(rig.Metrics(t, cfg.Admin)[`sluice_output_pending_documents{output="elasticsearch.main"}`])
	}

	stretch(5 * time.Second) // a new JVM is slow, and takes both cores
	up := stretch(before)
	inStep := pending()
	n.Kill(t)
	killed, atKill := time.Now(), ws.Written()
	down := stretch(*outage)
	waited, missed := pending(), ws.Written()-atKill

	back := make(chan struct{})
	go func() {
		defer close(back)
		n.Start(t)
	}()
	second.follow(t, func() bool {
		select {
		case <-back:
			return true
		default:
			return false
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	returned := time.Now()
	second.follow(t, func() bool { return pending() < rate })
	caughtUp, returning := time.Since(returned), second.pace()
	t.Logf("away %s; %d lines waited before, %d at the end of the outage, in step again %s after the server answered",
		returned.Sub(killed).Round(time.Second/10), inStep, waited, caughtUp.Round(time.Second/10))
	t.Logf("the archive, server up:        %s", up)
	t.Logf("the archive, server away:      %s", down)
	t.Logf("the archive, server returning: %s", returning)

	written := ws.Stop(t)
	second.follow(t, func() bool { return second.ledger.Came() >= ws.Written() || !a.Running() })
	delivered(t, a, cfg.Admin, "elasticsearch.main", int(ws.Written()))
	a.Stop(t)
	if uint64(waited) < missed*9/10 {
		t.Errorf("%d lines waited at the end of the outage, want the %d that were written in it", waited, missed)
	}
	if down.rate < up.rate*0.95 || down.p99 > 2*up.p99+50*time.Millisecond {
		t.Errorf("the outage slowed the archive: %s, before %s", down, up)
	}
	t.Logf("archive:       %s", second.ledger.Demand(t, written))
	t.Logf("elasticsearch: %s, %d documents", stored(t, n, stream).Demand(t, written), n.Count(t, stream))
	if letters := sluice(t, dir, "dlq", "ls", "-c", config); letters.code != 1 {
		t.Errorf("there are dead letters: %s", letters.out)
	}
}

// stored asks the server which lines it has, and how often.
func stored(t *testing.T, n *realserver.Node, stream string) *rig.Ledger {
	t.Helper()
	n.Ask(t, "POST", "/"+stream+"/_refresh", "", nil)
	var l rig.Ledger
	for after := ""; ; {
		var answer struct {
			Aggregations struct {
				Lines struct {
					After   json.RawMessage `json:"after_key"`
					Buckets []struct {
						Key   json.RawMessage `json:"key"`
						Count int             `json:"doc_count"`
					} `json:"buckets"`
				} `json:"lines"`
			} `json:"aggregations"`
		}
		status := n.Ask(t, "POST", "/"+stream+"/_search", `{"size":0,"track_total_hits":false,"aggs":{"lines":{"composite":{"size":20000,`+after+
			`"sources":[{"writer":{"terms":{"field":"writer"}}},{"seq":{"terms":{"field":"seq"}}}]}}}}`, &answer)
		if status != 200 {
			t.Fatalf("count lines: status %d", status)
		}
		lines := answer.Aggregations.Lines
		if len(lines.Buckets) == 0 {
			return &l
		}
		for _, b := range lines.Buckets {
			for range b.Count {
				l.Add(b.Key)
			}
		}
		after = `"after":` + string(lines.After) + ","
	}
}
