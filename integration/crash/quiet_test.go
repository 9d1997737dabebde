//go:build integration

package crash

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// The lines of quiet files wait in memory for the next sync, sent or not: a
// kill meets them there each time.
const (
	quietLines = 48 // a second, of all files together
	quietLate  = 1500 * time.Millisecond
)

func TestKilledWhileFewLinesComeItLosesAndRepeatsNothing(t *testing.T) {
	t.Logf("seed %d: run again with -seed=%[1]d", *seed)
	dice := rand.New(rand.NewPCG(*seed, 5))
	store := rig.NewStore(t, essim.Options{Strict: true, Delay: 50 * time.Millisecond, Seed: *seed})
	c := rig.Config{
		Dir: t.TempDir(), Limits: []string{`history = "1h"`},
		Outputs: []string{rig.Elasticsearch("store", store.URL())},
	}
	config := c.Write(t)
	ws := rig.NewWriters(c.Logs(), writers, quietLines)
	for _, w := range ws {
		w.RotateAt = 8 << 10
	}
	ws.Start(t)

	kills := max(10, *cycles/5)
	for range kills {
		a := rig.Start(t, config)
		rig.Eventually(t, startMost, func() string { return "a first request; the agent says: " + a.Log() },
			func() bool { return store.LastRequest().After(a.Began) })
		rig.Pause(time.Duration(dice.Int64N(int64(quietLate))))
		a.Kill()
	}
	written := ws.Stop(t)
	a := rig.Start(t, config)
	store.Await(t, a, ws.Written())
	rig.Pause(time.Second) // for what should not come
	a.Stop(t)

	b := store.Ledger.Demand(t, written)
	records, documents := stored(t, c.BufferDir())
	t.Logf("%d kills; %s; sent again under the same ids: %d; %d documents in %d records",
		kills, b, store.Sim().Counts().Duplicates, documents, records)
	if store.Sim().Counts().Duplicates == 0 {
		t.Error("no line waited in memory when the agent was killed")
	}
	if documents < records*2 {
		t.Errorf("%d documents are in %d records: they were not merged", documents, records)
	}
}

// stored counts the records of a buffer, and their documents.
func stored(t *testing.T, dir string) (records, documents int) {
	t.Helper()
	r, err := buffer.OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return records, documents
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Count > 0 {
			records, documents = records+1, documents+int(rec.Count)
		}
	}
}
