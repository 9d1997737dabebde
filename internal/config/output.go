package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/renthub/sluice/internal/expr"
)

// commonOutput is what every output takes.
type commonOutput struct {
	Enabled     bool   `hcl:"enabled,optional"`
	OnFull      string `hcl:"on_full,optional"`
	From        string `hcl:"from,optional"`
	RenamedFrom string `hcl:"renamed_from,optional"`
	DeadLetters bool   `hcl:"dead_letters,optional"`
}

// loadOutputs reads the output blocks.
func (l *loader) loadOutputs() {
	for _, b := range l.blocks["output"] {
		kind, ok := l.kindOfBlock(b, l.kinds.Outputs)
		if !ok {
			continue
		}
		common := &commonOutput{Enabled: true, OnFull: "block", From: "now", DeadLetters: true}
		own := kind.New()
		d := l.component(b, common, own)
		if c, ok := own.(ClassChecker); ok {
			d.problems(c.CheckClasses(l.classes()), b.DefRange)
		}
		d.oneOf("on_full", common.OnFull, "block", "drop_oldest")
		d.oneOf("from", common.From, "now", "oldest")
		l.checkRenamed(d, common.RenamedFrom)
		l.config.Outputs = append(l.config.Outputs, Output{
			Type: b.Labels[0], Name: b.Labels[1], Address: address(b), Enabled: common.Enabled,
			OnFull: common.OnFull, From: common.From, RenamedFrom: common.RenamedFrom, DeadLetters: common.DeadLetters,
			Config: own, Hash: d.sum.sum(), Range: b.DefRange,
		})
		l.finish(d)
	}
}

// classes are the names of the retention classes.
func (l *loader) classes() []string {
	var names []string
	for _, c := range l.config.Retention.Classes {
		names = append(names, c.Name)
	}
	return names
}

// checkRenamed reports a former name that another output has now.
func (l *loader) checkRenamed(d *decoder, former string) {
	for _, b := range l.blocks["output"] {
		if former != "" && address(b) == former {
			d.report(problem(d.places["renamed_from"].rng, fmt.Sprintf("Output %q still exists", former), "renamed_from names an output that is gone, whose place in the buffer this one takes."))
		}
	}
}

type routeBlock struct {
	Enabled bool           `hcl:"enabled,optional"`
	Where   expr.Condition `hcl:"where,optional"`
	To      hcl.Expression `hcl:"to"`
	Require []string       `hcl:"require,optional"`
}

// loadRoutes reads the route blocks.
func (l *loader) loadRoutes() {
	all := newSummer()
	for _, b := range l.blocks["route"] {
		l.checkLabel(b)
		d := l.newDecoder(b.DefRange.Filename, "a route")
		block := routeBlock{Enabled: true}
		d.sum.name(title(b))
		d.body(b.Body, "", &block)
		l.show(d, title(b), b.Body, &block)
		r := Route{Name: b.Labels[0], Where: block.Where, Require: block.Require, Range: b.DefRange}
		if len(r.Require) > 0 && l.config.Buffer.DeadLetters == 0 {
			d.report(problem(d.places["require"].rng, "Nowhere to put what lacks these fields", "Events without them become dead letters, and buffer { dead_letters } is 0."))
		}
		if block.To != nil {
			r.To = l.targets(d, block)
		}
		r.Hash = d.sum.sum()
		l.finish(d)
		if block.Enabled {
			l.config.Routes = append(l.config.Routes, r)
			all.part('r', fmt.Sprint(r.Hash))
		}
	}
	l.config.RoutesHash = all.sum()
	l.checkRoutes()
}

// targets are the enabled outputs of a route.
func (l *loader) targets(d *decoder, block routeBlock) []string {
	reported := len(d.diags)
	d.sum.name("to")
	named := l.references(d, block.To, "output")
	var enabled []string
	for _, address := range named {
		i := slices.IndexFunc(l.config.Outputs, func(o Output) bool { return o.Address == address })
		switch {
		case l.config.standsBy(address) != nil:
			d.report(problem(block.To.Range(), fmt.Sprintf("output.%s is a standby", address), "It gets what output.%s does not take (failover %q), and nothing else. Name that one here.", l.config.standsBy(address).Primary, l.config.standsBy(address).Name))
		case slices.Contains(enabled, address):
			d.report(problem(block.To.Range(), fmt.Sprintf("output.%s is named twice", address), "An event goes to an output once."))
		case i >= 0 && !l.config.Outputs[i].Enabled:
			if block.Enabled {
				d.report(warning(block.To.Range(), fmt.Sprintf("output.%s is disabled", address), "Nothing is sent there while it is."))
			}
		default:
			enabled = append(enabled, address)
		}
	}
	if block.Enabled && len(enabled) == 0 && !hasErrors(d.diags[reported:]) {
		d.report(problem(block.To.Range(), "A route that leads nowhere", "None of its outputs is enabled, and the events that it takes would be lost. To drop events on purpose use an enrich block with drop = true."))
	}
	return enabled
}

func hasErrors(diags hcl.Diagnostics) bool { return diags.HasErrors() }

// checkRoutes warns of events that no route takes, and of routes that take
// none.
func (l *loader) checkRoutes() {
	for i, r := range l.config.Routes {
		last := i == len(l.config.Routes)-1
		switch {
		case last && r.Where != nil:
			l.report(warning(r.Range, "Some events have no route", "What no route takes goes to every output and counts as unrouted. A last route without where takes the rest."))
		case !last && r.Where == nil:
			l.report(warning(l.config.Routes[i+1].Range, "A route that is never tried", "Route %q before it has no where and takes everything.", r.Name))
		}
	}
}
