package json

import (
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers/internal/ecs"
)

// learn makes s the shape of row i, which was just placed: o is the outcome,
// r.shapes.added says which field each member became. Where steps would not
// say all of it, s has none.
func (r *reader) learn(s *shape, id uint64, b *event.Batch, i int, base event.Span, line []byte, o ecs.Outcome) {
	*s = shape{id: id, steps: s.steps[:0], text: s.text[:0], rest: restAfter}
	if !o.Stable || r.row.Count() != len(r.members) { // a field more is one that End made
		return
	}
	fields := b.Fields(i)
	dropped := o.Time >= 0 && len(fields) == r.row.Count()-1
	for k := range r.members {
		at := r.shapes.added[k]
		f := plainField(base, line, &r.members[k])
		key := line[r.members[k].Key:r.members[k].KeyEnd]
		st := step{key: s.store(key)}
		if ecs.Known(key) {
			st.kind = f.Kind
		}
		switch {
		case at < 0 || ecs.Near(b.Source, key):
			s.steps = s.steps[:0]
			return
		case at == o.Time:
			st.do = setTime
		case at == o.Level:
			st.do = setLevel
		default:
			if dropped && at > o.Time {
				at--
			}
			got := fields[at]
			if got.Val != f.Val || got.Kind != f.Kind {
				s.steps = s.steps[:0]
				return
			}
			if got.Key != f.Key {
				st.do, st.to = rename, s.store(b.Bytes(got.Key))
			}
		}
		s.steps = append(s.steps, st)
	}
}
