package endpoints

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renthub/sluice/internal/config"
)

// health is what the checks of a test find.
type health struct {
	mu   sync.Mutex
	down map[string]bool // guarded by mu
	asks map[string]int  // guarded by mu
}

func (h *health) set(name string, down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down[name] = down
}

func (h *health) isDown(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.down[name]
}

func (h *health) check(_ context.Context, p Probe) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asks[p.endpoint.address]++
	if h.down[p.endpoint.address] {
		return errTest
	}
	return nil
}

// use makes one try without a network and returns where it went, or "".
func (h *health) use(t *testing.T, g *Group) string {
	t.Helper()
	g.start()
	one, err := g.choose(t.Context(), "")
	if err != nil {
		return ""
	}
	if h.isDown(one.address) {
		one.done(Failed, errTest)
		return "failed " + one.address
	}
	one.done(OK, nil)
	return one.address
}

// withStandby runs f in a bubble of fake time with a primary and a standby.
func withStandby(t *testing.T, change func(*Config), f func(t *testing.T, g *Group, h *health)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &health{down: map[string]bool{}, asks: map[string]int{}}
		c := Defaults()
		c.Endpoints = []Address{{URL: "http://a:1"}, {URL: "http://b:1", Standby: true}}
		if change != nil {
			change(&c)
		}
		d := testDeps()
		d.Check = h.check
		f(t, openGroup(t, c, d), h)
	})
}

func wantUse(t *testing.T, h *health, g *Group, want string) {
	t.Helper()
	if got := h.use(t, g); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStandbysAreUsedWhileNoPrimaryIsWell(t *testing.T) {
	withStandby(t, nil, func(t *testing.T, g *Group, h *health) {
		for range 10 {
			wantUse(t, h, g, "a:1")
		}
		h.set("a:1", true)
		for range 5 {
			wantUse(t, h, g, "failed a:1")
		}
		wantUse(t, h, g, "b:1")
		if s := g.Status(); s[0].State != "open" || s[0].InUse || !s[1].InUse || s[0].LastError == "" {
			t.Errorf("got %+v, want a open and b in use", s)
		}
	})
}

func TestAPrimaryIsTakenBackAfterThreeGoodChecks(t *testing.T) {
	withStandby(t, nil, func(t *testing.T, g *Group, h *health) {
		h.set("a:1", true)
		for range 5 {
			h.use(t, g)
		}
		time.Sleep(time.Minute)
		wantUse(t, h, g, "b:1")
		h.set("a:1", false)
		time.Sleep(16 * time.Second) // the longest cool-down: one good check
		synctest.Wait()
		wantUse(t, h, g, "b:1")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		wantUse(t, h, g, "b:1")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		wantUse(t, h, g, "a:1")
	})
}

func TestABadCheckStartsTheCountAgain(t *testing.T) {
	withStandby(t, nil, func(t *testing.T, g *Group, h *health) {
		h.set("a:1", true)
		for range 5 {
			h.use(t, g)
		}
		for range 20 { // two good checks, then a bad one
			h.set("a:1", false)
			time.Sleep(50 * time.Second)
			synctest.Wait()
			wantUse(t, h, g, "b:1")
			h.set("a:1", true)
			time.Sleep(40 * time.Second)
			synctest.Wait()
			wantUse(t, h, g, "b:1")
		}
	})
}

func TestWithoutChecksRequestsFindOutWhetherAPrimaryIsBack(t *testing.T) {
	withStandby(t, func(c *Config) { c.HealthCheck.Interval = 0 }, func(t *testing.T, g *Group, h *health) {
		h.set("a:1", true)
		for range 5 {
			h.use(t, g)
		}
		wantUse(t, h, g, "b:1")
		time.Sleep(2 * time.Second)
		wantUse(t, h, g, "failed a:1")
		wantUse(t, h, g, "b:1")
		h.set("a:1", false)
		time.Sleep(15 * time.Second)
		for range 4 {
			wantUse(t, h, g, "a:1")
		}
		if g.Status()[0].State != "closed" || h.asks["a:1"] > 0 {
			t.Errorf("got %v after %d checks, want closed without any", g.Status()[0].State, h.asks["a:1"])
		}
	})
}

func TestWithAllDownOneGoodCheckIsEnough(t *testing.T) {
	withStandby(t, nil, func(t *testing.T, g *Group, h *health) {
		h.set("a:1", true)
		h.set("b:1", true)
		for range 10 {
			h.use(t, g)
		}
		wantUse(t, h, g, "")
		time.Sleep(time.Minute)
		h.set("a:1", false)
		time.Sleep(16 * time.Second)
		synctest.Wait()
		wantUse(t, h, g, "a:1")
	})
}

func TestAWaitingTryGoesOnWhenATrialEnds(t *testing.T) {
	withStandby(t, func(c *Config) {
		c.Endpoints = At("http://a:1")
		c.HealthCheck.Interval = 0
		c.Breaker.Failures = 1
	}, func(t *testing.T, g *Group, h *health) {
		h.set("a:1", true)
		h.use(t, g)
		wantUse(t, h, g, "")
		time.Sleep(time.Second)
		trial, err := g.choose(t.Context(), "")
		if err != nil || !trial.trial {
			t.Fatalf("got %+v, %v, want a trial", trial, err)
		}
		waited := make(chan error)
		go func() {
			other, err := g.choose(t.Context(), "")
			if err == nil {
				other.done(OK, nil)
			}
			waited <- err
		}()
		synctest.Wait()
		select {
		case err := <-waited:
			t.Fatalf("got %v at once, want it to wait for the trial", err)
		default:
		}
		trial.done(OK, nil)
		if err := <-waited; err != nil {
			t.Errorf("got %v, want a try after the trial went well", err)
		}
	})
}

func TestChecksAreMadeAtTheirInterval(t *testing.T) {
	withStandby(t, func(c *Config) { c.HealthCheck.Interval = config.Duration(30 * time.Second) }, func(t *testing.T, g *Group, h *health) {
		h.use(t, g)
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		for _, name := range []string{"a:1", "b:1"} {
			if got := h.asks[name]; got != 20 {
				t.Errorf("%s: got %d checks in ten minutes, want 20", name, got)
			}
		}
	})
}

func TestADeadIdleEndpointIsFoundByChecks(t *testing.T) {
	withStandby(t, nil, func(t *testing.T, g *Group, h *health) {
		h.use(t, g)
		h.set("a:1", true)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := g.Status()[0].State; got == "closed" {
			t.Error("got closed after a minute of failing checks")
		}
		wantUse(t, h, g, "b:1")
	})
}

// A server can answer a check and nothing else.
func TestGoodChecksDoNotMakeFailuresGood(t *testing.T) {
	withStandby(t, func(c *Config) { c.HealthCheck.Interval = config.Duration(time.Second) }, func(t *testing.T, g *Group, h *health) {
		for range 5 {
			g.start()
			time.Sleep(3 * time.Second) // good checks meanwhile
			synctest.Wait()
			one, err := g.choose(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			one.done(Failed, errTest)
		}
		if h.asks["a:1"] < 5 || !g.Status()[1].InUse {
			t.Errorf("after %d good checks and 5 failures: got %+v, want the standby in use", h.asks["a:1"], g.Status())
		}
	})
}

// Missing credentials are nobody's fault there, and no reason to spin.
func TestAChecksOwnCredentialsBlameNoEndpoint(t *testing.T) {
	var asked atomic.Int64
	refuse := func(context.Context, Probe) error { asked.Add(1); return &notTried{errTest} }
	synctest.Test(t, func(t *testing.T) {
		c, d := Defaults(), testDeps()
		c.Endpoints = At("http://a:1")
		d.Check = refuse
		g := openGroup(t, c, d)
		g.start()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if s := g.Status()[0]; s.State != "closed" || s.LastError != "" {
			t.Errorf("closed: got %+v, want it to stay so", s)
		}
		for range 5 {
			one, err := g.choose(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			one.done(Failed, errTest)
		}
		asked.Store(0)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if asked.Load() > 60 || g.Status()[0].State == "closed" {
			t.Errorf("open: got %d checks in ten minutes and %s, want one for each cool-down, and none that closes it", asked.Load(), g.Status()[0].State)
		}
	})
}
