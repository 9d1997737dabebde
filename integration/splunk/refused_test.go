//go:build integration

package splunk

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/hecsim"
)

const token = "any"

// pipeline sends to a collector.
func pipeline(t testing.TB, url string, settings ...string) rig.Config {
	lines := append([]string{fmt.Sprintf("endpoints = [%q]", url), fmt.Sprintf("token = %q", token)}, settings...)
	return rig.Config{
		Dir:     t.TempDir(),
		Outputs: []string{"output \"splunk\" \"main\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"},
	}
}

// ledgerOf counts what a simulated collector has, and the documents of each
// index.
func ledgerOf(sim *hecsim.Server) (*rig.Ledger, map[string]int) {
	var l rig.Ledger
	byIndex := map[string]int{}
	for _, o := range sim.Stored() {
		l.Add([]byte(o.Event))
		byIndex[o.Index]++
	}
	return &l, byIndex
}

// An index that the token may not write to is held back alone, and nothing of
// it is lost once it may.
func TestARefusedIndexStopsNoOther(t *testing.T) {
	for _, prefix := range []bool{false, true} {
		t.Run(fmt.Sprintf("objects before it are stored: %t", prefix), func(t *testing.T) {
			sim := hecsim.New(hecsim.Options{
				Tokens:      map[string]hecsim.Token{token: {Indexes: []string{"rh_info", "rh_warn"}, Acks: true}},
				IndexPrefix: prefix,
			})
			server := httptest.NewServer(sim)
			t.Cleanup(server.Close)
			c := pipeline(t, server.URL, `index = "rh_${log.level}"`)
			agent := rig.Start(t, c.Write(t))
			const n = 30_000
			levels := []string{"info", "warn", "error"}
			rig.WriteFile(t, c.Logs()+"/app.log", n, func(dst []byte, i int) []byte {
				line := rig.AppendLine(dst, 0, uint64(i), time.Now())
				return []byte(strings.Replace(string(line), `"level":"info"`, `"level":"`+levels[i%3]+`"`, 1))
			})
			var byIndex map[string]int
			rig.Eventually(t, time.Minute, func() string { return fmt.Sprintf("the other two are complete: %v\n%s", byIndex, agent.Log()) }, func() bool {
				_, byIndex = ledgerOf(sim)
				return byIndex["rh_info"] >= n/3 && byIndex["rh_warn"] >= n/3
			})
			if byIndex["rh_error"] != 0 {
				t.Errorf("got %d documents in the index that is refused", byIndex["rh_error"])
			}
			sim.SetToken(token, hecsim.Token{Acks: true})
			rig.Eventually(t, 2*time.Minute, func() string { return fmt.Sprintf("the third is complete: %v\n%s", byIndex, agent.Log()) }, func() bool {
				_, byIndex = ledgerOf(sim)
				return byIndex["rh_error"] >= n/3
			})
			agent.Stop(t)
			l, _ := ledgerOf(sim)
			b := l.Balance(map[int]uint64{0: n})
			t.Logf("%v; %d requests", b, sim.Counts().Requests)
			if b.Lost > 0 || len(b.Strangers) > 0 || !prefix && b.Repeated > 0 {
				t.Errorf("%v: %q; %q", b, b.Examples, b.Strangers)
			}
		})
	}
}

// Faults of every kind, one after the other, under load.
func TestFaultsLoseNothing(t *testing.T) {
	sim := hecsim.New(hecsim.Options{Tokens: map[string]hecsim.Token{token: {Acks: true}}, AckPolls: 1})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	c := pipeline(t, server.URL, `index = "rh_${retention.class}"`, `ack_timeout = "2s"`, `timeout = "3s"`, `max_request_size = "256KiB"`)
	agent := rig.Start(t, c.Write(t))
	faults := []hecsim.Fault{
		{Code: 9}, {Code: 8}, {Code: 8, StoresAll: true}, {Code: 26}, {Code: 27}, {Code: 23}, {Code: 24}, {Code: 25},
		{CutBefore: true}, {CutMid: true}, {CutAfter: true}, {NeverAcks: true}, {Hang: true}, {Status: 502, Body: "<html>"},
		{Status: 413}, {Status: 200, Body: "<html>"}, {Rewrite: func(a []byte) []byte { return a[:len(a)/2] }},
	}
	for _, f := range faults {
		sim.Next(f, hecsim.Fault{})
	}
	writers := rig.NewWriters(c.Logs(), 2, 4000)
	writers.Start(t)
	rig.Pause(6 * time.Second)
	sim.Restart()
	rig.Pause(2 * time.Second)
	written := writers.Stop(t)
	var total uint64
	for _, n := range written {
		total += n
	}
	var b rig.Balance
	rig.Eventually(t, time.Minute, func() string { return fmt.Sprintf("all are stored: %v\n%s", b, agent.Log()) }, func() bool {
		l, _ := ledgerOf(sim)
		b = l.Balance(written)
		return b.Lost == 0
	})
	agent.Stop(t)
	t.Logf("%v; %d requests, %d polls", b, sim.Counts().Requests, sim.Counts().Polls)
	for _, o := range sim.Stored()[:1] {
		if !json.Valid([]byte(o.Event)) || o.Index != "rh_standard" || o.Fields["sluice_id"] == "" || o.Host == "" || o.Source == "" {
			t.Errorf("got %+v", o)
		}
	}
}

// Many small requests of nothing but the refused index take no slot from the
// others.
func TestRequestsOfARefusedIndexAloneStopNoOther(t *testing.T) {
	sim := hecsim.New(hecsim.Options{Tokens: map[string]hecsim.Token{token: {Indexes: []string{"rh_info"}}}})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	c := pipeline(t, server.URL, `index = "rh_${log.level}"`)
	agent := rig.Start(t, c.Write(t))
	for k := range 40 {
		rig.WriteFile(t, c.Logs()+"/app.log", 10, func(dst []byte, i int) []byte {
			line := rig.AppendLine(dst, 0, uint64(k*10+i), time.Now())
			return []byte(strings.Replace(string(line), `"level":"info"`, `"level":"error"`, 1))
		})
		rig.Pause(50 * time.Millisecond)
	}
	rig.WriteFile(t, c.Logs()+"/app.log", 1000, func(dst []byte, i int) []byte {
		return rig.AppendLine(dst, 1, uint64(i), time.Now())
	})
	var byIndex map[string]int
	rig.Eventually(t, 20*time.Second, func() string { return fmt.Sprintf("1,000 of the other index: %v\n%s", byIndex, agent.Log()) }, func() bool {
		_, byIndex = ledgerOf(sim)
		return byIndex["rh_info"] >= 1000
	})
}
