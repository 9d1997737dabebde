//go:build integration

package faults

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// editions counts documents by the edition of the config that made them.
type editions struct {
	mu   sync.Mutex
	seen map[string]int // guarded by mu
}

func (e *editions) add(_, _ string, doc []byte) {
	_, rest, _ := bytes.Cut(doc, []byte(`edition-`))
	name, _, _ := bytes.Cut(rest, []byte{'"'})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen[string(name)]++
}

func (e *editions) count(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen[name]
}

func TestSIGHUPUnderLoadAppliesAGoodConfigAndRefusesABadOne(t *testing.T) {
	const reloads = 6
	seen := &editions{seen: map[string]int{}}
	store := rig.NewStore(t, essim.Options{Strict: true, OnDoc: seen.add})
	cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	edition := func(n int) string {
		return fmt.Sprintf("enrich \"edition\" {\n  set = { \"labels.edition\" = \"edition-%d\" }\n}\n", n)
	}
	cfg.More = []string{edition(0)}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 4, 6000)
	ws.Start(t)
	a := rig.Start(t, config)
	rig.Eventually(t, 20*time.Second, agentSays("documents of the first config", a), func() bool { return seen.count("0") > 1000 })
	for n := 1; n <= reloads; n++ {
		cfg.More = []string{edition(n)}
		cfg.Write(t)
		a.Signal(t, syscall.SIGHUP)
		name := fmt.Sprint(n)
		rig.Eventually(t, 20*time.Second, agentSays("documents of config "+name, a), func() bool { return seen.count(name) > 500 })

		if err := os.WriteFile(config, []byte(cfg.Text()+"\noutput \"elasticsearch\" \"bad\" {\n  no_such_key = 1\n}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		before := seen.count(name)
		a.Signal(t, syscall.SIGHUP)
		rig.Eventually(t, 20*time.Second, agentSays("more documents after a bad config", a), func() bool { return seen.count(name) > before+2000 })
	}
	if !a.LogHolds("no_such_key") {
		t.Errorf("the agent does not say what is wrong with the bad config: %s", a.Log())
	}
	cfg.Write(t)
	written := ws.Stop(t)
	store.Await(t, a, ws.Written())
	rig.Pause(500 * time.Millisecond)
	a.Stop(t)
	t.Log(store.Ledger.Demand(t, written))
}
