package console

import (
	"io"
	"testing"

	"github.com/renthub/sluice/event"
)

const benchDoc = `{"ts":"2026-11-24T10:02:55.348Z","log.level":"info","message":"GET /api/properties/4711/availability answered","logger":"http","caller":"server/handler.go:118","request_id":"7f3a9c1e-52b8-4d0e-9a77-1c2d3e4f5a6b","user":{"id":48213,"role":"tenant"},"http":{"method":"GET","path":"/api/properties/4711/availability","status":200,"bytes":5120},"duration_ms":12.75,"@timestamp":"2026-11-24T10:02:55.348Z","service.name":"properties","host.name":"web-1","log.file.path":"/var/log/renthub/properties/app.log","labels.retention":"standard"}`

func benchmark(b *testing.B, o Options) {
	p := NewPrinter(io.Discard, o)
	d := doc(event.Info, 1, benchDoc)
	buf := p.Append(nil, &d)
	b.SetBytes(int64(len(d.JSON)))
	b.ReportAllocs()
	for b.Loop() {
		buf = p.Append(buf[:0], &d)
	}
}

func BenchmarkJSON(b *testing.B)           { benchmark(b, Options{JSON: true}) }
func BenchmarkJSONOnTerminal(b *testing.B) { benchmark(b, Options{JSON: true, Terminal: true}) }
func BenchmarkPretty(b *testing.B)         { benchmark(b, Options{Terminal: true, Colour: true}) }
