package config

import "time"

// commonParser is what every parser takes.
type commonParser struct {
	Enabled  bool   `hcl:"enabled,optional"`
	Timezone string `hcl:"timezone,optional"`
}

// loadParsers reads the parser blocks.
func (l *loader) loadParsers() {
	for _, b := range l.blocks["parser"] {
		kind, ok := l.kindOfBlock(b, l.kinds.Parsers)
		if !ok {
			continue
		}
		common, own := &commonParser{Enabled: true}, kind.New()
		d := l.component(b, common, own)
		zone := time.UTC
		if common.Timezone != "" {
			var err error
			if zone, err = time.LoadLocation(common.Timezone); err != nil {
				d.report(problem(d.places["timezone"].rng, "No such time zone", `A zone is named as in "Europe/Berlin", "UTC" or "Local".`))
			}
		}
		l.config.Parsers = append(l.config.Parsers, Parser{
			Type: b.Labels[0], Name: b.Labels[1], Address: address(b), Timezone: zone, Config: own, Hash: d.sum.sum(), Range: b.DefRange,
		})
		l.finish(d)
	}
}
