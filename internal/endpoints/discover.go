package endpoints

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lookup is what is known of a target that is looked up.
type lookup struct {
	done bool      // it was looked up once
	err  error     // of the last time
	next time.Time // when it is looked up again
}

// lookupTimeout is that of one lookup.
const lookupTimeout = 5 * time.Second

// follow looks up target i again and again, until ctx ends. After a failure it
// does so sooner.
func (g *Group) follow(ctx context.Context, i int) {
	interval := g.config.ResolveInterval.Std()
	pause := time.Second
	for {
		found, err := g.look(ctx, g.targets[i])
		wait := interval
		if err != nil {
			wait, pause = min(pause, interval), 2*pause
		} else {
			pause = time.Second
		}
		if ctx.Err() != nil {
			return
		}
		g.found(i, found, err, wait)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// found takes over the result of a lookup. After one that failed what was
// known before stays.
func (g *Group) found(i int, found []*Endpoint, err error, wait time.Duration) {
	var gone []*Endpoint
	first := false
	g.update(func(now time.Time) {
		l := &g.lookups[i]
		first = !l.done || (l.err == nil) != (err == nil)
		*l = lookup{true, err, now.Add(wait)}
		if err == nil {
			gone = g.replace(now, i, found)
		}
		if first { // who waits for it is to look again
			close(g.changed)
			g.changed = make(chan struct{})
		}
	})
	for _, e := range gone {
		e.closeIdle()
		g.metrics.forget(e)
	}
	if err != nil && first {
		g.deps.Logger.Warn("cannot look up endpoints, those known stay in use", "name", g.targets[i].name(), "error", err)
	}
}

// replace makes found the endpoints of target i. Those that were there before
// keep their state. The caller holds mu.
func (g *Group) replace(now time.Time, i int, found []*Endpoint) (gone []*Endpoint) {
	var list []*Endpoint
	for _, e := range g.endpoints {
		at := slices.IndexFunc(found, e.same)
		switch {
		case e.from != i:
			list = append(list, e)
		case at >= 0:
			e.weight = found[at].weight
			found = slices.Delete(found, at, at+1)
			list = append(list, e)
		default:
			gone = append(gone, e)
		}
	}
	for _, e := range found {
		if len(list) == maxEndpoints || slices.ContainsFunc(list, e.same) {
			continue
		}
		e.from, e.since, e.checkedAt = i, now, now
		list = append(list, e)
	}
	g.endpoints = list
	return gone
}

// look looks a target up.
func (g *Group) look(ctx context.Context, t target) ([]*Endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	if t.discovery == bySRV {
		return g.resolve.service(ctx, t)
	}
	return g.resolve.addresses(ctx, t)
}

// resolver finds endpoints by DNS.
type resolver struct{ dns *net.Resolver }

var errNoRecords = errors.New("there are no records")

// addresses makes an endpoint of each address of a host.
func (r *resolver) addresses(ctx context.Context, t target) ([]*Endpoint, error) {
	found, err := r.dns.LookupHost(ctx, t.host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", t.host, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("look up %s: %w", t.host, errNoRecords)
	}
	slices.Sort(found)
	var list []*Endpoint
	for _, a := range slices.Compact(found) {
		list = append(list, &Endpoint{
			scheme: t.scheme, host: t.host, address: t.hostPort(), dial: net.JoinHostPort(a, t.port),
			path: t.path, weight: t.weight, standby: t.standby,
		})
	}
	return list, nil
}

// service makes an endpoint of each SRV record of a name.
func (r *resolver) service(ctx context.Context, t target) ([]*Endpoint, error) {
	_, records, err := r.dns.LookupSRV(ctx, "", "", t.host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", t.host, err)
	}
	records = slices.DeleteFunc(records, func(s *net.SRV) bool { return s.Target == "." || s.Port == 0 }) // "not here"
	if len(records) == 0 {
		return nil, fmt.Errorf("look up %s: %w", t.host, errNoRecords)
	}
	best := slices.MinFunc(records, func(a, b *net.SRV) int { return int(a.Priority) - int(b.Priority) }).Priority
	var list []*Endpoint
	for _, s := range records {
		host := strings.TrimSuffix(s.Target, ".")
		list = append(list, &Endpoint{
			scheme: t.scheme, host: host, address: net.JoinHostPort(host, strconv.Itoa(int(s.Port))), path: t.path,
			weight: max(int(s.Weight), 1), standby: t.standby || s.Priority > best,
		})
	}
	return list, nil
}
