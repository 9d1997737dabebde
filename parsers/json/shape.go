package json

import (
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/parsers/internal/ecs"
)

// A source writes few kinds of line, so what was decided for one is kept: the
// shape is the keys in their order, and the steps are what became of each
// member. A line of the same keys takes the same steps, and one that turns out
// to differ (another kind of value, a level that is none) goes the long way.
type shape struct {
	id     uint64        // outline of the lines it is for; 0 is no shape
	steps  []step        // empty if lines of this outline have to go the long way
	text   []byte        // what the steps' keys are slices of
	source *event.Source // the source for which near was found out
	near   bool          // one of its constants may have to do with a key
	rest   uint8         // without steps: lines until they are looked for again
}

// step is what becomes of one member.
type step struct {
	key  piece
	kind event.Kind // the kind of its value, if that matters
	do   action
	to   piece // the new key, to rename
}

// piece is a slice of a shape's text.
type piece struct{ at, end uint32 }

type action uint8

const (
	keep     action = iota // as it is
	rename                 // under another key
	setTime                // it is the time
	setLevel               // it is the level
)

// shapes are the latest shapes, each in the place that its outline gives it.
type shapes struct {
	kept  [16]shape
	added []int // for each member the number of its field, or -1; scratch
}

// outline hashes the lengths of the keys, and joins all marks.
func outline(members []jsonscan.Field) (id uint64, marks jsonscan.Marks) {
	id = uint64(len(members)) + 1
	for k := range members {
		m := &members[k]
		id = id*31 + uint64(m.KeyEnd-m.Key)
		marks |= m.Marks | m.KeyMarks<<keyMarks
	}
	return id, marks
}

// restAfter is how many lines of an outline go the long way after one of which
// no steps could be made: the next may be of another kind.
const restAfter = 64

// keyMarks is how far the marks of keys, which are the two lowest alone, are
// shifted in an outline's.
const keyMarks = 5

func (s *shapes) at(id uint64) *shape { return &s.kept[id*0x9E3779B97F4A7C15>>60] }

func (s *shape) bytes(p piece) []byte { return s.text[p.at:p.end] }

func (s *shape) store(text []byte) piece {
	at := uint32(len(s.text))
	s.text = append(s.text, text...)
	return piece{at, uint32(len(s.text))}
}

// apart says that no constant of the source has to do with a key of s.
func (s *shape) apart(src *event.Source) bool {
	if s.source != src {
		s.source, s.near = src, false
		for k := range s.steps {
			s.near = s.near || ecs.Near(src, s.bytes(s.steps[k].key)) || ecs.Near(src, s.bytes(s.steps[k].to))
		}
	}
	return !s.near
}
