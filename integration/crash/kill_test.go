//go:build integration

package crash

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

const (
	writers        = 4
	linesPerSecond = 8000
	// What a cycle is made of.
	earlyShare = 0.08                   // kills that come while the agent still starts
	earlyMost  = 150 * time.Millisecond // after exec
	lateMost   = 800 * time.Millisecond // after the first request
	startMost  = 20 * time.Second       // a start that takes longer than this has failed
)

// kill is what is noted of one cycle.
type kill struct {
	early     bool
	inFlight  int           // requests
	first     time.Duration // from exec to the first request; 0 if it was killed before
	writeRate float64       // lines a second since the last kill
	storeRate float64
}

func TestKilledAtRandomMomentsItLosesAndRepeatsNothing(t *testing.T) {
	t.Logf("seed %d, %d cycles: run again with -seed=%[1]d", *seed, *cycles)
	dice := rand.New(rand.NewPCG(*seed, 2))
	store := rig.NewStore(t, essim.Options{Strict: true, Delay: 200 * time.Millisecond, DropAnswers: 0.1, Seed: *seed})
	c := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := c.Write(t)
	ws := rig.NewWriters(c.Logs(), writers, linesPerSecond)
	ws.Start(t)

	var kills []kill
	var wrote, stored uint64
	since := time.Now()
	for len(kills) < *cycles && !t.Failed() {
		k := killOnce(t, dice, store, config)
		now := time.Now()
		w, s := ws.Written(), store.Ledger.Came()
		k.writeRate = float64(w-wrote) / now.Sub(since).Seconds()
		k.storeRate = float64(s-stored) / now.Sub(since).Seconds()
		wrote, stored, since = w, s, now
		kills = append(kills, k)
	}
	written := ws.Stop(t)

	a := rig.Start(t, config)
	store.Await(t, a, ws.Written())
	rig.Pause(time.Second) // for what should not come
	a.Stop(t)
	again := rig.Start(t, config)
	rig.Pause(time.Second)
	again.Stop(t)

	b := store.Ledger.Demand(t, written)
	t.Logf("%s; 409s %d, answers dropped %d", b, store.Sim().Counts().Duplicates, store.Sim().Counts().Dropped)
	judge(t, kills)
}

// killOnce starts an agent, waits for a random moment and kills it.
func killOnce(t *testing.T, dice *rand.Rand, store *rig.Store, config string) kill {
	t.Helper()
	k := kill{early: dice.Float64() < earlyShare}
	a := rig.Start(t, config)
	if k.early {
		rig.Pause(time.Duration(dice.Int64N(int64(earlyMost))))
	} else {
		rig.Eventually(t, startMost, func() string { return "a first request; the agent says: " + a.Log() },
			func() bool { return store.LastRequest().After(a.Began) })
		k.first = store.LastRequest().Sub(a.Began)
		rig.Pause(time.Duration(dice.Int64N(int64(lateMost))))
	}
	if !a.Running() {
		t.Fatalf("the agent ended by itself and says: %s", a.Log())
	}
	k.inFlight = store.InFlight()
	a.Kill()
	return k
}

// judge prints the figures of the kills and holds them to what they must be.
func judge(t *testing.T, kills []kill) {
	t.Helper()
	var busy, early int
	var first []time.Duration
	var writeRates, storeRates []float64
	for _, k := range kills {
		if k.inFlight > 0 {
			busy++
		}
		if k.early {
			early++
		}
		if k.first > 0 {
			first = append(first, k.first)
		}
		writeRates = append(writeRates, k.writeRate)
		storeRates = append(storeRates, k.storeRate)
	}
	if len(first) == 0 {
		t.Fatal("no agent lived until its first request")
	}
	slices.Sort(first)
	slices.Sort(writeRates)
	slices.Sort(storeRates)
	p99 := first[(len(first)*99+99)/100-1] // nearest rank
	t.Logf("%d kills, %d of them in the first %s of a start; %d with requests in flight (%.0f %%)",
		len(kills), early, earlyMost, busy, 100*float64(busy)/float64(len(kills)))
	t.Logf("restart to first delivery: p50 %s, p99 %s, longest %s", first[len(first)/2], p99, first[len(first)-1])
	t.Logf("lines/s since the kill before, at each kill: written least %.0f, median %.0f; stored median %.0f",
		writeRates[0], writeRates[len(writeRates)/2], storeRates[len(storeRates)/2])
	if busy*100 < len(kills)*80 {
		t.Errorf("only %d of %d kills had requests in flight, want 80 %%", busy, len(kills))
	}
	if p99 >= time.Second {
		t.Errorf("restart to first delivery: p99 %s, want less than 1 s", p99)
	}
	if writeRates[0] < 5000 {
		t.Errorf("%.0f lines/s before a kill, want 5,000", writeRates[0])
	}
}
