package endpoints

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func group(balance string, weights ...int) *Group {
	g := &Group{config: Config{Balance: balance}}
	for i, w := range weights {
		g.endpoints = append(g.endpoints, &Endpoint{address: fmt.Sprintf("host-%d:9200", i), weight: w})
	}
	return g
}

func TestWeightsAreSharesOfTheRequests(t *testing.T) {
	for _, balance := range []string{balanceRoundRobin, balanceLeast, balanceHash} {
		g := group(balance, 5, 1, 2)
		got := map[*Endpoint]int{}
		const tries = 8000
		for i := range tries {
			e := g.balance(g.endpoints, fmt.Sprint("key-", i))
			got[e]++
			if balance == balanceLeast {
				e.inFlight++ // none ends
			}
		}
		for _, e := range g.endpoints {
			want := tries * e.weight / 8
			if diff := math.Abs(float64(got[e] - want)); diff > 0.1*float64(want) {
				t.Errorf("%s: weight %d got %d of %d tries, want about %d", balance, e.weight, got[e], tries, want)
			}
		}
	}
}

func TestRoundRobinIsSmooth(t *testing.T) {
	g := group(balanceRoundRobin, 5, 1, 1)
	run, longest := 0, 0
	var last *Endpoint
	for range 70 {
		e := g.balance(g.endpoints, "")
		if e == last {
			run++
		} else {
			run = 1
		}
		longest, last = max(longest, run), e
	}
	if longest > 4 {
		t.Errorf("got %d tries in a row at one endpoint, want them mixed", longest)
	}
}

func TestAnEndpointThatGoesTakesAlongOnlyItsOwnKeys(t *testing.T) {
	const keys = 10_000
	g := group(balanceHash, 1, 1, 1, 1, 1)
	before := make([]*Endpoint, keys)
	for i := range before {
		before[i] = g.balance(g.endpoints, fmt.Sprint("/var/log/", i, ".log"))
	}
	gone := g.endpoints[2]
	left := append(append([]*Endpoint(nil), g.endpoints[:2]...), g.endpoints[3:]...)
	moved := 0
	for i, was := range before {
		now := g.balance(left, fmt.Sprint("/var/log/", i, ".log"))
		if now != was {
			moved++
		}
		if was != gone && now != was {
			t.Fatalf("key %d moved from %s to %s, though %s went", i, was.address, now.address, gone.address)
		}
	}
	if moved < keys/5*8/10 || moved > keys/5*12/10 {
		t.Errorf("got %d of %d keys moved, want about a fifth", moved, keys)
	}
}

func TestLeastConnectionsPrefersTheIdle(t *testing.T) {
	g := group(balanceLeast, 1, 1, 1)
	g.endpoints[0].inFlight, g.endpoints[1].inFlight, g.endpoints[2].inFlight = 3, 1, 2
	if got := g.balance(g.endpoints, ""); got != g.endpoints[1] {
		t.Errorf("got %s, want host-1", got.address)
	}
}

func TestTheRestingAreSpared(t *testing.T) {
	now := time.Now()
	a := &Endpoint{address: "a", restUntil: now.Add(2 * time.Second)}
	b := &Endpoint{address: "b"}
	c := &Endpoint{address: "c", restUntil: now.Add(time.Second)}
	if got := spared([]*Endpoint{a, b, c}, now); len(got) != 1 || got[0] != b {
		t.Errorf("got %v, want b alone", got)
	}
	if got := spared([]*Endpoint{a, c}, now); len(got) != 1 || got[0] != c {
		t.Errorf("got %v, want the one that failed the longest ago", got)
	}
	if got := spared([]*Endpoint{a, b, c}, now.Add(3*time.Second)); len(got) != 3 {
		t.Errorf("got %v, want all once they have rested", got)
	}
}
