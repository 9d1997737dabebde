//go:build integration

package cloudwatch

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/cwsim"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// An agent sends through everything that can go wrong with a call: all lines
// are there, in order, and twice only where an answer was lost.
func TestAgentThroughTrouble(t *testing.T) {
	realserver.CloudWatchCredentials(t)
	sim := cwsim.New(cwsim.Options{AccessKey: "AKID", Secret: "secret", CheckClock: true})
	server := httptest.NewServer(sim)
	defer server.Close()
	trouble := []cwsim.Fault{
		{Status: 400, Kind: "ThrottlingException"}, {}, {Status: 503, Kind: "ServiceUnavailableException"}, {}, {CutBefore: true}, {},
		{CutAfter: true}, {Status: 413}, {Status: 400, Kind: "ExpiredTokenException"}, {}, {StatusAfter: 500}, {Status: 200, Body: "<html>"}, {},
	}
	sim.Next("PutLogEvents", append(trouble, trouble...)...)
	sim.Next("CreateLogStream", cwsim.Fault{Status: 400, Kind: "ThrottlingException"})
	sim.Next("PutRetentionPolicy", cwsim.Fault{CutAfter: true})

	const lines = 30000
	c := rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t), Outputs: []string{fmt.Sprintf("output \"cloudwatch\" \"main\" {\n  endpoints = [%q]\n}\n", server.URL)}}
	config := c.Write(t)
	agent := rig.Start(t, config)
	for part := range 6 { // so that there are requests of many sizes
		writeLines(t, filepath.Join(c.Logs(), "app.log"), part*lines/6, lines/6)
		rig.Pause(300 * time.Millisecond)
	}
	distinct := func() int {
		seen := map[int64]bool{}
		for _, e := range sim.Events() {
			if n, ok := e.Number("n"); ok {
				seen[n] = true
			}
		}
		return len(seen)
	}
	rig.Eventually(t, 2*time.Minute, func() string { return fmt.Sprintf("%d of %d lines stored: %s", distinct(), lines, agent.Log()) }, func() bool { return distinct() == lines })
	possible := rig.Metrics(t, c.Admin)[`sluice_cloudwatch_possible_repeats_total{output="cloudwatch.main"}`]
	agent.Stop(t)
	if repeats := checkOrder(t, sim.Events()); repeats == 0 || repeats > int(possible) {
		t.Errorf("%d events repeated, want some, and at most the %v that were counted as possible", repeats, possible)
	}
	for name, g := range sim.Groups() {
		if name != "/sluice/rig/standard" || g.Days != 30 {
			t.Errorf("group %s keeps for %d days, want /sluice/rig/standard with 30", name, g.Days)
		}
	}
	t.Logf("%d lines in %d calls, %d events stored, %v possible repeats", lines, sim.Calls("PutLogEvents"), len(sim.Events()), possible)
}

func writeLines(t *testing.T, path string, first, n int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"time\":%q,\"msg\":\"booking %d was confirmed\",\"n\":%d}\n", time.Now().UTC().Format(time.RFC3339Nano), first+i, first+i)
	}
	if _, err := f.WriteString(b.String()); err != nil {
		t.Fatal(err)
	}
}

// checkOrder checks that each line was first stored after the one before it,
// and returns how many events are repeats.
func checkOrder(t *testing.T, events []cwsim.Event) (repeats int) {
	t.Helper()
	next := int64(0)
	for _, e := range events {
		n, ok := e.Number("n")
		switch {
		case !ok:
			t.Fatalf("stored %.200q: no document", e.Message)
		case n < next:
			repeats++
		case n > next:
			t.Fatalf("line %d is stored after line %d", n, next-1)
		default:
			next++
		}
	}
	return repeats
}
