package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Failover is a failover block: one output stands in for another that is down.
type Failover struct {
	Name    string
	Primary string // address of an enabled output
	Standby string // address of another, which gets nothing else
	After   time.Duration
	Range   hcl.Range
}

type failoverBlock struct {
	Enabled bool           `hcl:"enabled,optional"`
	Primary hcl.Expression `hcl:"primary"`
	Standby hcl.Expression `hcl:"standby"`
	After   Duration       `hcl:"after,optional"`
}

// loadFailovers reads the failover blocks. Routes are read after them.
func (l *loader) loadFailovers() {
	for _, b := range l.blocks["failover"] {
		l.checkLabel(b)
		d := l.newDecoder(b.DefRange.Filename, "a failover")
		block := failoverBlock{Enabled: true, After: Duration(time.Minute)}
		d.body(b.Body, "", &block)
		l.show(d, title(b), b.Body, &block)
		f := Failover{Name: b.Labels[0], After: block.After.Std(), Range: b.DefRange}
		if f.After < time.Second {
			d.report(problem(d.places["after"].rng, "A short outage", "after is how long the primary must have taken nothing, at least 1s."))
		}
		f.Primary, f.Standby = l.one(d, block.Primary), l.one(d, block.Standby)
		usable := l.checkPair(d, f, block)
		l.finish(d)
		if block.Enabled && usable {
			l.config.Failovers = append(l.config.Failovers, f)
		}
	}
}

// one reads a reference to one output.
func (l *loader) one(d *decoder, e hcl.Expression) string {
	if e == nil {
		return ""
	}
	named := l.references(d, e, "output")
	if len(named) > 1 {
		d.report(problem(e.Range(), "More than one output", "A failover has one primary and one standby."))
	}
	if len(named) == 0 {
		return ""
	}
	return named[0]
}

// checkPair reports pairs that cannot be, and whether both outputs are enabled.
func (l *loader) checkPair(d *decoder, f Failover, block failoverBlock) bool {
	if f.Primary == "" || f.Standby == "" {
		return false
	}
	for _, other := range l.config.Failovers {
		for _, address := range []string{other.Primary, other.Standby} {
			if address == f.Primary || address == f.Standby {
				d.report(problem(f.Range, fmt.Sprintf("output.%s is in two failovers", address), "The other is %q. An output has one standby, and a standby stands in for one output.", other.Name))
				return false
			}
		}
	}
	if f.Primary == f.Standby {
		d.report(problem(block.Standby.Range(), "An output cannot stand in for itself", "Name another output."))
		return false
	}
	enabled := true
	for address, e := range map[string]hcl.Expression{f.Primary: block.Primary, f.Standby: block.Standby} {
		i := slices.IndexFunc(l.config.Outputs, func(o Output) bool { return o.Address == address })
		if i >= 0 && !l.config.Outputs[i].Enabled {
			enabled = false
			if block.Enabled {
				d.report(warning(e.Range(), fmt.Sprintf("output.%s is disabled", address), "There is no failover while it is."))
			}
		}
	}
	return enabled
}

// standsBy returns the failover of which an output is the standby, or nil.
func (c *Config) standsBy(address string) *Failover {
	for i := range c.Failovers {
		if c.Failovers[i].Standby == address {
			return &c.Failovers[i]
		}
	}
	return nil
}
