package bench

import (
	"fmt"
	"strings"
	"time"
)

// DeadFigures compare an agent of which one output is dead with the same agent
// when all are well.
type DeadFigures struct {
	Kind     string    `json:"kind"` // of the dead one
	Rate     int       `json:"rate"`
	AtRate   Contrast  `json:"at_rate"`
	Bulk     Contrast  `json:"bulk"`
	Catchups []Catchup `json:"catchups"` // of the dead one; nothing is written meanwhile
}

// Contrast is what the other outputs did, stretch by stretch.
type Contrast struct {
	AllWell map[string][]Stretch `json:"all_well"` // by kind
	OneDead map[string][]Stretch `json:"one_dead"`
}

// Stretch is what one output did in one stretch.
type Stretch struct {
	LinesPerSec float64       `json:"lines_per_s"`
	P99         time.Duration `json:"p99"`
}

// add takes up a stretch; took is in the order of those that are well.
func (d *DeadFigures) add(m *measured, tallies []Tally, dead bool, took []time.Duration, into *Contrast) {
	to := &into.AllWell
	if dead {
		to = &into.OneDead
	}
	if *to == nil {
		*to = map[string][]Stretch{}
	}
	for i, s := range m.well(true) {
		t := m.of(tallies, s.kind)
		(*to)[s.kind] = append((*to)[s.kind], Stretch{float64(m.written()) / took[i].Seconds(), t.Latency.P99})
	}
}

// worst returns the least throughput and the greatest p99 of any output with
// one dead, as multiples of those with all well. Each is the mean of its
// stretches.
func (c Contrast) worst() (throughput, p99 float64) {
	for kind, well := range c.AllWell {
		wellRate, wellP99 := means(well)
		deadRate, deadP99 := means(c.OneDead[kind])
		if r := ratio(deadRate, wellRate); throughput == 0 || r < throughput {
			throughput = r
		}
		p99 = max(p99, ratio(deadP99, wellP99))
	}
	return throughput, p99
}

func means(list []Stretch) (rate, p99 float64) {
	for _, s := range list {
		rate += s.LinesPerSec / float64(len(list))
		p99 += milliseconds(s.P99) / float64(len(list))
	}
	return rate, p99
}

func (d *DeadFigures) figures() []Figure {
	rate, p99 := d.AtRate.worst()
	bulk, _ := d.Bulk.worst()
	list := []Figure{
		{What: "throughput of the others with one dead, fixed rate", Got: 100 * rate, Must: 97, Unit: "%", AtLeast: true},
		{What: "throughput of the others with one dead, in bulk", Got: 100 * bulk, Must: 97, Unit: "%", AtLeast: true},
		{What: "p99 of the others with one dead, fixed rate", Got: 100 * p99, Must: 110, Unit: "%"},
	}
	if len(d.Catchups) > 0 {
		var sum float64
		for _, c := range d.Catchups {
			sum += c.Multiple
		}
		list = append(list, Figure{What: "catch-up of the dead one, of the live rate", Got: sum / float64(len(d.Catchups)), Unit: "times", AtLeast: true})
	}
	return list
}

// remarks are both sides of each comparison, stretch by stretch.
func (d *DeadFigures) remarks() []string {
	var out []string
	for _, kind := range four() {
		if kind == d.Kind {
			continue
		}
		out = append(out,
			fmt.Sprintf("%s at %d lines/s: p99 all well %s, %s dead %s ms; lines/s %s, %s", kind, d.Rate,
				p99s(d.AtRate.AllWell[kind]), d.Kind, p99s(d.AtRate.OneDead[kind]), rates(d.AtRate.AllWell[kind]), rates(d.AtRate.OneDead[kind])),
			fmt.Sprintf("%s in bulk: lines/s all well %s, %s dead %s", kind, rates(d.Bulk.AllWell[kind]), d.Kind, rates(d.Bulk.OneDead[kind])))
	}
	for _, c := range d.Catchups {
		out = append(out, fmt.Sprintf("%s back: first request after %s, then %d documents in %s, %.0f lines/s", d.Kind,
			c.BackAfter.Round(time.Millisecond), c.Docs, c.Took.Round(time.Millisecond), c.LinesPerSec))
	}
	return out
}

func p99s(list []Stretch) string {
	return joined(list, func(s Stretch) string { return fmt.Sprintf("%.1f", milliseconds(s.P99)) })
}

func rates(list []Stretch) string {
	return joined(list, func(s Stretch) string { return fmt.Sprintf("%.0f", s.LinesPerSec) })
}

func joined(list []Stretch, text func(Stretch) string) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, text(s))
	}
	return strings.Join(parts, " and ")
}
