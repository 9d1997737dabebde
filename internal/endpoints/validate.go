package endpoints

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/renthub/sluice/internal/config"
)

// Validate implements config.Validator for an output over HTTP.
func (c Config) Validate() []config.Problem { return c.Problems("https", "http") }

// Problems are what is wrong with c, for an output whose endpoints have one of
// the schemes. It needs no network and no files.
func (c Config) Problems(schemes ...string) []config.Problem {
	var p problems
	c.checkEndpoints(&p, schemes)
	p.oneOf("balance", c.Balance, balanceRoundRobin, balanceLeast, balanceHash)
	p.atLeast("timeout", c.Timeout, time.Second)
	p.atLeast("connect_timeout", c.ConnectTimeout, 100*time.Millisecond)
	p.between("in_flight", c.InFlight, 1, maxInFlight)
	if c.MinInFlight < 1 || c.MinInFlight > max(c.InFlight, 1) {
		p.add("min_in_flight", "It is %d. It can be 1 to in_flight, which is %d.", c.MinInFlight, c.InFlight)
	}
	if !(c.RateLimit >= 0) { // NaN fails too
		p.add("rate_limit", "It is %v. A number of requests in a second is needed, or 0 for no limit.", c.RateLimit)
	}
	if c.BandwidthLimit != 0 && c.BandwidthLimit < 1<<10 {
		p.add("bandwidth_limit", "It is %v. It must be 1KiB or more.", c.BandwidthLimit)
	}
	if (c.ClientCert == "") != (c.ClientKey == "") {
		p.add("client_cert", "client_cert and client_key must be set together.")
	}
	if _, err := parseProxy(c.Proxy.Reveal()); err != nil {
		p.add("proxy", "%s.", capital(err.Error()))
	}
	p.atLeast("resolve_interval", c.ResolveInterval, time.Second)
	if c.HealthCheck.Interval != 0 {
		p.atLeast("health_check.interval", c.HealthCheck.Interval, time.Second)
	}
	p.atLeast("health_check.timeout", c.HealthCheck.Timeout, 100*time.Millisecond)
	p.between("health_check.hand_back_after", c.HealthCheck.HandBackAfter, 1, 100)
	p.between("breaker.failures", c.Breaker.Failures, 1, 1000)
	p.atLeast("breaker.cool_down", c.Breaker.CoolDown, 100*time.Millisecond)
	if c.Breaker.MaxCoolDown < c.Breaker.CoolDown {
		at := "breaker.max_cool_down"
		if c.Breaker.MaxCoolDown == Defaults().Breaker.MaxCoolDown { // likely the other one was set
			at = "breaker.cool_down"
		}
		p.add(at, "cool_down is %v, and max_cool_down is %v. It must not be less.", c.Breaker.CoolDown, c.Breaker.MaxCoolDown)
	}
	return p
}

func (c Config) checkEndpoints(p *problems, schemes []string) {
	if len(c.Endpoints) == 0 {
		*p = append(*p, config.Problem{Attr: "endpoints", Summary: "No endpoints", Detail: `The output needs at least one address: endpoints = ["` + schemes[0] + `://HOST:PORT"].`})
		return
	}
	if len(c.Endpoints) > maxEndpoints {
		p.add("endpoints", "They are %d. A group has at most %d.", len(c.Endpoints), maxEndpoints)
		return
	}
	primaries, seen := 0, map[string]int{}
	for i, a := range c.Endpoints {
		at := fmt.Sprintf("endpoints[%d]", i)
		t, err := a.parse(schemes, "1")
		if err != nil {
			p.add(at, "%s.", capital(err.Error()))
			continue
		}
		if !t.standby {
			primaries++
		}
		if first, ok := seen[t.scheme+t.name()]; ok {
			p.add(at, "Address %s stands there twice: it is element %d too. A weight gives it a larger share.", t.name(), first+1)
		}
		seen[t.scheme+t.name()] = i
	}
	if primaries == 0 && len(*p) == 0 {
		p.add("endpoints", "All of them are standbys, which are used only while the others are down. At least one must be none.")
	}
}

// problems collects what is wrong.
type problems []config.Problem

func (p *problems) add(attr, format string, args ...any) {
	*p = append(*p, config.Problem{Attr: attr, Summary: "Wrong value for " + lastPart(attr), Detail: fmt.Sprintf(format, args...)})
}

func (p *problems) oneOf(attr, got string, words ...string) {
	for _, w := range words {
		if got == w {
			return
		}
	}
	p.add(attr, "It can be %s, not %q.", quotedList(words), got)
}

func (p *problems) atLeast(attr string, got config.Duration, least time.Duration) {
	if got.Std() < least {
		p.add(attr, "It is %q. It must be %q or more.", got, config.Duration(least))
	}
}

func (p *problems) between(attr string, got, least, most int) {
	if got < least || got > most {
		p.add(attr, "It is %d. It can be %d to %d.", got, least, most)
	}
}

// err is all problems that are no warnings as one error.
func (p problems) err() error {
	var errs []error
	for _, one := range p {
		if !one.Warning {
			errs = append(errs, fmt.Errorf("%s: %s", one.Attr, one.Detail))
		}
	}
	return errors.Join(errs...)
}

// parseProxy reads the setting proxy. It returns nil where there is none.
func parseProxy(text string) (*url.URL, error) {
	if text == "" || text == proxyNone {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New(`it is no URL, such as "http://proxy:3128"`) // it may hold a password
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return nil, errors.New("a proxy begins with http://, https:// or socks5://")
	}
	if u.Hostname() == "" {
		return nil, errors.New("it names no host")
	}
	return u, nil
}
