//go:build integration

package network

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// TestANameThatDoesNotResolveIsMendedByAReload uses a name that never resolves:
// the resolver itself is the machine's, so that one which fails for a while is
// not tested here.
func TestANameThatDoesNotResolveIsMendedByAReload(t *testing.T) {
	store := rig.NewStore(t, essim.Options{})
	cfg := rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t)}
	output := func(url string) []string { return []string{rig.Elasticsearch("main", url, short)} }
	cfg.Outputs = output("http://no-such-host.invalid:9200")
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 2, linesPerSecond)
	ws.Start(t)
	a := rig.Start(t, config)
	rig.Eventually(t, 30*time.Second, agentSays("the name is named", a), func() bool {
		text := status(t, cfg.Admin)["elasticsearch.main"].Error
		return strings.Contains(text, "no-such-host.invalid") && strings.Contains(text, "the name is not known: look at its spelling")
	})
	t.Logf("status: %s", status(t, cfg.Admin)["elasticsearch.main"].Error)
	said := doctor(t, config)["elasticsearch.main"]
	if len(said) == 0 || !strings.Contains(said[0].Detail+said[0].Hint, "no-such-host.invalid") {
		t.Errorf("doctor: got %+v, want the name", said)
	}
	t.Logf("doctor: %+v", said)
	rig.Pause(time.Second)
	cfg.Outputs = output(store.URL())
	cfg.Write(t)
	a.Signal(t, syscall.SIGHUP)
	written := ws.Stop(t)
	store.Await(t, a, ws.Written())
	a.Stop(t)
	t.Log(store.Ledger.Demand(t, written))
}
