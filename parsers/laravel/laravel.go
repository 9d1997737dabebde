// Package laravel reads the records of Laravel's log files, and of any Monolog
// with its default line format:
//
//	[2026-11-24 10:02:55] production.ERROR: Gateway said "no" {"userId":7,"exception":"[object] (RuntimeException(code: 402): ... at /app/Pay.php:4)
//	[stacktrace]
//	#0 ...
//	"}
//
// The context at the end is JSON but for raw line ends within its strings. Its
// exception becomes error.type, error.code, error.message, error.stack_trace
// and log.origin.file; the rest stays under context, and Monolog's extra under
// extra.
package laravel

import (
	"bytes"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/ecs"
	"github.com/renthub/sluice/parsers/timestamp"
)

// Config has no settings.
type Config struct{}

// Type is the laravel parser's.
var Type = laravel()

func laravel() parsers.Type {
	t := parsers.Define("laravel", Config{}, open)
	t.Framing = "laravel"
	return t
}

func open(_ Config, d parsers.Deps) (parsers.Parser, error) { return &parser{loc: d.Location}, nil }

type parser struct {
	loc  *time.Location
	rows ecs.Rows
}

// head is what a record begins with.
type head struct {
	time, channel, level []byte
	severity             event.Severity
	ns                   int64
	strict, timed        bool
	rest                 int // where the message begins
}

// Parse implements parsers.Parser.
func (p *parser) Parse(b *event.Batch, i int) bool {
	row := b.Row(i)
	line := b.Line(i)
	var h head
	if !h.read(line, p.loc) {
		row.Error = event.NoMatch
		return false
	}
	w := p.rows.Get()
	w.Begin(b, i, p.loc)
	p.put(b, i, w, &h, line)
	w.End()
	p.rows.Put(w)
	row.Time, row.Severity = h.ns, h.severity
	row.Flags |= event.Whole
	if !h.timed {
		row.Error = event.BadTime
	}
	return true
}

// read reads `[date] channel.LEVEL: `.
func (h *head) read(b []byte, loc *time.Location) bool {
	if len(b) < 12 || b[0] != '[' || b[1]-'0' > 9 {
		return false
	}
	end := bytes.IndexByte(b[:min(len(b), 64)], ']')
	if end < 0 || end+2 > len(b) || b[end+1] != ' ' {
		return false
	}
	h.time = b[1:end]
	at := end + 2
	colon := bytes.IndexByte(b[at:min(len(b), at+256)], ':')
	if colon < 0 || at+colon+1 < len(b) && b[at+colon+1] != ' ' {
		return false
	}
	name := b[at : at+colon]
	dot := bytes.LastIndexByte(name, '.')
	if dot < 1 || bytes.IndexByte(name, ' ') >= 0 || bytes.IndexByte(name, '\n') >= 0 {
		return false
	}
	h.channel, h.level = name[:dot], name[dot+1:]
	if h.severity = event.ParseLevel(h.level); h.severity == event.Unknown {
		return false
	}
	h.rest = min(at+colon+2, len(b))
	h.ns, h.strict, h.timed = timestamp.RFC3339(h.time, loc)
	return true
}

// put makes the fields of a record.
func (p *parser) put(b *event.Batch, i int, w *ecs.Row, h *head, line []byte) {
	off := b.Row(i).Line.Off
	w.Put(event.Field{Key: event.KeyLevel, Val: b.StoreString(h.severity.String()), Kind: event.JSONString, KeyJSON: true})
	at := off + uint32(cap(line)-cap(h.channel))
	w.Put(event.Field{Key: b.StoreString("deployment.environment"), Val: event.Span{Off: at, Len: uint32(len(h.channel))}, Kind: event.String, KeyJSON: true})
	rest := bytes.TrimRight(line[h.rest:], " \t\r\n")
	var c context
	c.find(b, rest)
	message := bytes.TrimRight(rest[:c.at], " ")
	w.Put(event.Field{Key: event.KeyMessage, Val: event.Span{Off: off + uint32(h.rest), Len: uint32(len(message))}, Kind: event.String, KeyJSON: true})
	if c.object.Len > 0 {
		c.put(b, w)
	}
	if c.extra.Len > 0 {
		w.Put(event.Field{Key: b.StoreString("extra"), Val: w.Rewrite(c.extra), Kind: event.JSON, KeyJSON: true})
	}
}
