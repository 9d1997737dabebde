package ecs

import (
	"github.com/renthub/sluice/event"
)

// End gives the best fields their ECS names and sets the row's time and
// severity.
func (w *Row) End() {
	row := w.b.Row(w.i)
	w.release()
	if w.message.rank > 0 {
		w.name(w.message.at, event.KeyMessage)
	}
	w.endLevel(row)
	if w.time.rank > 0 {
		row.Time = w.time.ns
		if w.time.strict {
			w.name(w.time.at, event.KeyTimestamp)
		} else {
			w.b.Remove(w.i, w.time.at) // the document writer formats Row.Time
		}
	} else if w.badTime {
		row.Error = event.BadTime
	}
	w.b = nil
}

// release places what was held back: event is the message of those who have
// no other (structlog), and so is log (Docker).
func (w *Row) release() {
	for k, n := range w.heldNames {
		if n == nil {
			continue
		}
		if w.message.rank == 0 {
			w.add(w.held[k])
			w.message = winner{at: w.count - 1, rank: int(n.rank), name: n}
			continue
		}
		w.putObject(w.held[k], hash(w.b.Bytes(w.held[k].Key)), n)
	}
}

func (w *Row) endLevel(row *event.Row) {
	if w.level.rank == 0 {
		// Serilog's compact form leaves the level out if it is Information.
		if w.message.rank > 0 && (w.message.name.text == "@m" || w.message.name.text == "@mt") {
			row.Severity = event.Info
			w.rekey(event.Field{Val: w.b.StoreString("info"), Kind: event.JSONString}, "log.level")
		}
		return
	}
	row.Severity = w.level.severity
	w.name(w.level.at, event.KeyLevel)
	Canonical(w.b, &w.b.Fields(w.i)[w.level.at], w.level.severity)
}

// name gives field k a well-known key. Whoever has that key already is a
// worse one, and becomes a label.
func (w *Row) name(k int, key event.Span) {
	fields := w.b.Fields(w.i)
	f := &fields[k]
	text := string(w.b.Bytes(key))
	if string(w.b.Bytes(f.Key)) == text {
		return
	}
	for other := range fields {
		if string(w.b.Bytes(fields[other].Key)) == text {
			moved := w.label(fields[other], "")
			w.b.Fields(w.i)[other] = moved
			break
		}
	}
	f = &w.b.Fields(w.i)[k]
	f.Key, f.KeyJSON, f.Inline = key, true, false
}
