package endpoints

import (
	"hash/fnv"
	"math"
	"time"
)

// balance chooses one of several endpoints, none of which is to be avoided.
func (g *Group) balance(list []*Endpoint, key string) *Endpoint {
	switch g.config.Balance {
	case balanceHash:
		return rendezvous(list, key)
	case balanceLeast:
		return roundRobin(leastUsed(list))
	}
	return roundRobin(list)
}

// roundRobin is the smooth weighted one: of shares 5, 1, 1 it makes a a b a c a a
// and not a a a a a b c.
func roundRobin(list []*Endpoint) *Endpoint {
	var best *Endpoint
	total := 0
	for _, e := range list {
		e.share += e.weight
		total += e.weight
		if best == nil || e.share > best.share {
			best = e
		}
	}
	best.share -= total
	return best
}

// leastUsed are the endpoints with the fewest tries under way for their weight.
func leastUsed(list []*Endpoint) []*Endpoint {
	least := math.Inf(1)
	var out []*Endpoint
	for _, e := range list {
		switch load := float64(e.inFlight) / float64(e.weight); {
		case load < least:
			least, out = load, append(out[:0], e)
		case load == least:
			out = append(out, e)
		}
	}
	return out
}

// rendezvous gives each endpoint a number made of the key and its name, and
// takes the highest. One that goes takes along only its own keys.
func rendezvous(list []*Endpoint, key string) *Endpoint {
	var best *Endpoint
	highest := math.Inf(-1)
	for _, e := range list {
		if score := float64(e.weight) / -math.Log(uniform(key, e.address+e.dial+e.path)); score > highest {
			highest, best = score, e
		}
	}
	return best
}

// spared returns the endpoints that do not rest, or, if all do, the one whose
// failure is the longest ago.
func spared(list []*Endpoint, now time.Time) []*Endpoint {
	var fresh []*Endpoint
	oldest := list[0]
	for _, e := range list {
		if !now.Before(e.restUntil) {
			fresh = append(fresh, e)
		}
		if e.restUntil.Before(oldest.restUntil) {
			oldest = e
		}
	}
	if len(fresh) > 0 {
		return fresh
	}
	return []*Endpoint{oldest}
}

// uniform is a number between 0 and 1 that two texts always have, in every
// agent and after every restart.
func uniform(key, name string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // a hash never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(name))
	x := h.Sum64() // its bits are mixed: FNV leaves those of short texts alike
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return (float64(x>>11) + 0.5) / (1 << 53)
}
