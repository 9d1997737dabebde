package expr

import (
	"math"

	"github.com/renthub/sluice/event"
)

func identity(f float64) float64 { return f }
func abs(f float64) float64      { return math.Abs(f) }
func floor(f float64) float64    { return math.Floor(f) }
func ceil(f float64) float64     { return math.Ceil(f) }
func round(f float64) float64    { return math.Round(f) }

// numberFunction is a function of one number, or of text that reads as one.
func numberFunction(f func(float64) float64) builder {
	return func(c *compiler, n *node, args []*node) {
		if !c.textual(args...) {
			return
		}
		of := args[0].evaluator()
		n.eval = func(r event.Record, s *scratch) value {
			v, ok := numberOf(of(r, s))
			if !ok {
				return nothing
			}
			return finite(f(v), s)
		}
	}
}

// extreme is min (-1) or max (1) of those arguments that are numbers.
func extreme(sign int) builder {
	return func(c *compiler, n *node, args []*node) {
		if !c.textual(args...) {
			return
		}
		evals := make([]func(event.Record, *scratch) value, len(args))
		for i, a := range args {
			evals[i] = a.evaluator()
		}
		n.eval = func(r event.Record, s *scratch) value {
			best := nothing
			for _, eval := range evals {
				v := eval(r, s)
				f, ok := numberOf(v)
				if !ok {
					continue
				}
				if v.kind == text { // "007" reads as a number and is none in JSON
					v = floatValue(f, s)
				}
				if d, _ := compareValues(v, best); best.kind == null || d == sign {
					best = v
				}
			}
			return best
		}
	}
}
