//go:build integration

package rig

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/essim"
)

func TestTheLedgerSeesLostRepeatedAndStrangeLines(t *testing.T) {
	var l Ledger
	for _, seq := range []uint64{0, 1, 1, 3, 5} {
		l.Add(AppendLine(nil, 2, seq, time.Now()))
	}
	l.Add([]byte(`{}`))
	b := l.Balance(map[int]uint64{2: 5})
	if b.Written != 5 || b.Lost != 2 || b.Repeated != 1 || len(b.Strangers) != 2 {
		t.Errorf("got %s %q", b, b.Strangers)
	}
	if !l.Has(2, 3) || l.Has(2, 4) || l.Has(1, 0) {
		t.Error("Has is wrong")
	}
}

func TestTheStoreCountsAndGoesAway(t *testing.T) {
	s := NewStore(t, essim.Options{Strict: true})
	send := func() (int, error) {
		line := AppendLine([]byte(`{"create":{"_index":"logs-rig-standard","_id":"a"}}`+"\n"+`{"@timestamp":"2026-11-24T10:00:00Z",`), 0, 0, time.Now())
		line = bytes.Replace(line, []byte(`,{"time"`), []byte(`,"time"`), 1)
		resp, err := http.Post(s.URL()+"/_bulk", "application/x-ndjson", bytes.NewReader(line))
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	for range 2 {
		if status, err := send(); err != nil || status != http.StatusOK {
			t.Fatalf("got %d, %v", status, err)
		}
	}
	s.Ledger.Demand(t, map[int]uint64{0: 1})
	if n := s.Sim().Counts().Duplicates; n != 1 {
		t.Errorf("got %d answers of 409, want 1", n)
	}
	s.Down()
	if _, err := send(); err == nil {
		t.Error("the store answers while it is down")
	}
	s.Up(t)
	if status, err := send(); err != nil || status != http.StatusOK {
		t.Errorf("after its return: got %d, %v", status, err)
	}
}

func TestWritersRotateAndLoseNothing(t *testing.T) {
	dir := t.TempDir()
	ws := NewWriters(dir, 4, 8000)
	for _, w := range ws {
		w.RotateAt, w.Keep = 20<<10, 1000
	}
	ws.Start(t)
	Eventually(t, 10*time.Second, func() string { return "4,000 lines" }, func() bool { return ws.Written() > 4000 })
	written := ws.Stop(t)
	var l Ledger
	ReadLogs(t, dir, l.Add)
	l.Demand(t, written)
}
