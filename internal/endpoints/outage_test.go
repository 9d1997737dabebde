package endpoints

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
)

// Over real connections: one of three dies under load and comes back. What
// fails are the tries that found out; nothing waits, and nothing flaps.
func TestOneOfThreeDiesUnderLoadAndComesBack(t *testing.T) {
	var dead atomic.Bool
	var served [3]atomic.Int64
	var urls []string
	for i := range 3 {
		urls = append(urls, serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if i == 0 && dead.Load() {
				panic(http.ErrAbortHandler)
			}
			served[i].Add(1)
		}).URL)
	}
	var said lines
	c := testConfig(urls...)
	c.InFlight = 4
	c.HealthCheck.Interval = config.Duration(time.Second)
	c.Breaker.CoolDown, c.Breaker.MaxCoolDown = config.Duration(200*time.Millisecond), config.Duration(time.Second)
	d := testDeps()
	d.Check, d.Logger = Get("/"), said.logger()
	g := openGroup(t, c, d)

	var tries, failures atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				tries.Add(1)
				if _, err := ask(t, g, ""); err != nil {
					failures.Add(1)
				}
			}
		})
	}
	eventually(t, "load", func() bool { return served[0].Load() > 20 })
	dead.Store(true)
	eventually(t, "the dead one to be given up", func() bool { return g.Status()[0].State != "closed" })
	before := failures.Load()
	eventually(t, "two seconds of load", func() bool { return time.Since(said.first()) > 2*time.Second })
	if got := failures.Load() - before; got > 4 {
		t.Errorf("got %d failures while it was given up, want none but those under way", got)
	}
	dead.Store(false)
	was := served[0].Load()
	eventually(t, "the one that is back to be used", func() bool { return served[0].Load() > was+20 && g.Status()[0].State == "closed" })
	close(stop)
	load.Wait()
	if got := failures.Load(); got > 30 || got == 0 {
		t.Errorf("got %d failures of %d tries, want those few that found out", got, tries.Load())
	}
	if given, back := said.count("given up"), said.count("is back"); given != 1 || back != 1 {
		t.Errorf("got given up %d times and back %d times, want once each", given, back)
	}
	if size, used := g.Limit(); size != 4 || used != 0 {
		t.Errorf("got a limit of %d and %d used, want 4 and 0", size, used)
	}
	for _, s := range g.Status() {
		if s.InFlight != 0 || strings.Contains(s.Name, "//") {
			t.Errorf("got %+v, want nothing in flight", s)
		}
	}
}
