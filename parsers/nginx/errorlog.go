package nginx

import (
	"bytes"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers/timestamp"
)

// errorLine is a line of the error log in its parts:
//
//	2026/11/24 10:03:00 [error] 22476#22476: *18 connect() failed, client: 127.0.0.1, server: x
type errorLine struct {
	ns       int64
	severity event.Severity
	pid, tid []byte
	message  []byte
	client   []byte
}

// read splits a line. It reports false if it is none of the error log.
func (e *errorLine) read(b []byte, loc *time.Location) bool {
	if len(b) < 26 || b[4] != '/' || b[7] != '/' || b[10] != ' ' || b[19] != ' ' || b[20] != '[' {
		return false
	}
	var at [19]byte
	copy(at[:], b)
	at[4], at[7] = '-', '-'
	var ok bool
	if e.ns, _, ok = timestamp.RFC3339(at[:], loc); !ok {
		return false
	}
	level, b, ok := bytes.Cut(b[21:], []byte("] "))
	if !ok {
		return false
	}
	if string(level) == "emerg" {
		e.severity = event.Emergency
	} else if e.severity = event.ParseLevel(level); e.severity == event.Unknown {
		return false
	}
	process, message, ok := bytes.Cut(b, []byte(": "))
	if !ok {
		return false
	}
	e.message = message
	if e.pid, e.tid, ok = bytes.Cut(process, []byte("#")); !ok || !isNumber(e.pid) || !isNumber(e.tid) {
		return false
	}
	if _, after, ok := bytes.Cut(message, []byte(", client: ")); ok {
		e.client, _, _ = bytes.Cut(after, []byte(","))
	}
	return true
}

// isNumber says whether text is a JSON number of digits alone.
func isNumber(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 {
			return false
		}
	}
	return len(text) == 1 || len(text) > 1 && text[0] != '0'
}

// add makes the fields of row i.
func (e *errorLine) add(b *event.Batch, i int, line []byte) {
	row := b.Row(i)
	row.Time, row.Severity = e.ns, e.severity
	b.Add(i, event.Field{Key: event.KeyLevel, Val: b.StoreString(e.severity.String()), Kind: event.JSONString, KeyJSON: true})
	add(b, i, line, "process.pid", e.pid, event.Number)
	add(b, i, line, "process.thread.id", e.tid, event.Number)
	if len(e.client) > 0 {
		add(b, i, line, "source.address", e.client, event.String)
	}
	row.Flags |= event.Whole
	val := event.Span{Off: row.Line.Off + uint32(cap(line)-cap(e.message)), Len: uint32(len(e.message))}
	b.Add(i, event.Field{Key: event.KeyMessage, Val: val, Kind: event.String, KeyJSON: true})
}
