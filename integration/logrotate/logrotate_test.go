//go:build integration

package logrotate

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

const linesPerSecond = 5000

func TestUnderLogrotateEachLineIsShippedOnce(t *testing.T) {
	for _, mode := range []string{
		"nocompress",
		"nocompress; dateext; dateformat -%Y%m%d-%s",
		"compress",
		"compress; delaycompress",
		"copytruncate; nocompress",
		"copytruncate; compress",
	} {
		t.Run(mode, func(t *testing.T) { runMode(t, mode) })
	}
}

func runMode(t *testing.T, mode string) {
	store := rig.NewStore(t, essim.Options{Strict: true})
	c := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := c.Write(t)
	w := &rig.Writer{Path: filepath.Join(c.Logs(), "app.log"), Rate: linesPerSecond}
	r := newRotator(t, c.Dir, w.Path, mode)
	w.Start(t)
	a := rig.Start(t, config)
	// What was rotated away before the first look is not the agent's to find.
	rig.Eventually(t, 10*time.Second, func() string { return "the first line comes: " + a.Log() }, func() bool { return store.Ledger.Came() > 0 })

	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { r.watchFlag(ctx, w) })
	for range *rotations {
		r.rotate(t)
		// Some more of the log, but not so much time that the agent always
		// has it all when the next rotation comes. Dates count seconds.
		between := 250 * time.Millisecond
		if strings.Contains(mode, "dateext") {
			between = 1100 * time.Millisecond
		}
		rig.Pause(between)
		if !a.Running() {
			t.Fatalf("the agent ended and says: %s", a.Log())
		}
	}
	stop()
	watching.Wait()
	written := w.Stop(t)

	// What is left in the files is all that anybody could read there.
	var left rig.Ledger
	rig.ReadLogs(t, c.Logs(), left.Add)
	rest := left.Balance(map[int]uint64{0: written})
	t.Logf("%d lines written in %d rotations; logrotate itself lost %d", written, *rotations, rest.Lost)
	if rest.Repeated > 0 || len(rest.Strangers) > 0 {
		t.Fatalf("the test is wrong: the files hold %s", rest)
	}
	demandAll(t, store, a, &left, written)
	a.Stop(t)
}

// demandAll waits for all lines that the files hold and demands each once. A
// line that logrotate lost may have been read before.
func demandAll(t *testing.T, store *rig.Store, a *rig.Agent, left *rig.Ledger, written uint64) {
	t.Helper()
	lost := func() (n int) {
		for seq := range written {
			if left.Has(0, seq) && !store.Ledger.Has(0, seq) {
				n++
			}
		}
		return n
	}
	deadline := time.Now().Add(30 * time.Second)
	for lost() > 0 && time.Now().Before(deadline) && a.Running() {
		rig.Pause(100 * time.Millisecond)
	}
	rig.Pause(time.Second) // for what should not come
	b := store.Ledger.Balance(map[int]uint64{0: written})
	if n := lost(); n > 0 {
		t.Errorf("%d lines that the files hold were not shipped; %q; the agent says: %s", n, b.Examples, a.Log())
	}
	if b.Repeated > 0 || len(b.Strangers) > 0 {
		t.Errorf("%s; %q; %q; the agent says: %s", b, b.Examples, b.Strangers, a.Log())
	}
	t.Logf("shipped %d, repeated %d, gone before anybody could read them %d", b.Distinct, b.Repeated, b.Lost)
}
