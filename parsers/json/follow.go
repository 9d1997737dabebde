package json

import (
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/parsers/internal/ecs"
)

// follow takes the steps of s for row i, which has no fields yet, or none of them.
func (s *shape) follow(b *event.Batch, i int, base event.Span, line []byte, members []jsonscan.Field, loc *time.Location) bool {
	fields := b.Extend(i, len(members))[:len(members)] // filled in place: copying a field costs more than making it
	row := b.Row(i)
	dropped := -1
	for k := range members {
		m, st, f := &members[k], &s.steps[k], &fields[k]
		setPlain(f, base, line, m)
		ok := string(line[m.Key:m.KeyEnd]) == string(s.bytes(st.key)) && (st.kind == event.Missing || st.kind == f.Kind)
		if ok && st.do != keep {
			switch st.do {
			case rename:
				f.Key, f.Inline = known(b, s.bytes(st.to)), false
			case setLevel:
				ok = level(b, row, f, s.bytes(st.key))
			case setTime:
				var strict bool
				if row.Time, strict, ok = ecs.Time(f.Kind, b.Bytes(f.Val), loc); !strict {
					dropped = k // the document writer formats Row.Time
				} else if string(s.bytes(st.key)) != "@timestamp" {
					f.Key, f.Inline = event.KeyTimestamp, false
				}
			}
		}
		if !ok {
			b.Clear(i)
			row.Time, row.Severity = 0, event.Unknown
			return false
		}
	}
	if dropped >= 0 {
		b.Remove(i, dropped)
	}
	return true
}

// level makes f the level of its row, if it is a known one.
func level(b *event.Batch, row *event.Row, f *event.Field, key []byte) bool {
	if row.Severity = ecs.Level(string(key), f.Kind, b.Bytes(f.Val)); row.Severity == event.Unknown {
		return false
	}
	if string(key) != "log.level" {
		f.Key, f.Inline = event.KeyLevel, false
	}
	ecs.Canonical(b, f, row.Severity)
	return true
}

// known returns the span of a key, which the batch may have already.
func known(b *event.Batch, key []byte) event.Span {
	switch string(key) {
	case "message":
		return event.KeyMessage
	case "error.message":
		return event.KeyErrorMessage
	case "service.name":
		return event.KeyService
	}
	return b.Store(key)
}
