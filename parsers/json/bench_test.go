package json

import (
	"testing"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

// sample is a line of 575 bytes, as the services of a shop write them.
const sample = `{"timestamp":"2026-11-24T10:02:55.348231Z","level":"info","logger":"http.access","message":"request completed: GET /api/v1/properties/48213/availability?from=2026-12-01&to=2026-12-08","request_id":"7f3c9a52-0b1e-4c8e-9d5f-2f6f0a1b3c4d","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","user_id":482913,"tenant":"eu-west","http":{"method":"GET","status":200,"bytes":5120,"duration_ms":12.482,"remote":"10.12.7.33"},"cache":"miss","db_queries":7,"db_ms":4.91,"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","pod":"properties-7d9f6c5b8-x2x9q"}`

func BenchmarkParse(b *testing.B) { parsertest.Benchmark(b, suite(b).New(b), sample) }

func BenchmarkScanAlone(b *testing.B) {
	line := []byte(sample)
	var fields []jsonscan.Field
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		fields, _, _ = jsonscan.Object(fields[:0], line)
	}
}

func BenchmarkDocument(b *testing.B) {
	p, err := open(Config{}, parsers.Deps{})
	if err != nil {
		b.Fatal(err)
	}
	batch := event.NewBatch(&event.Source{})
	batch.AddLine([]byte(sample), 0, len(sample))
	p.Parse(batch, 0)
	var dst []byte
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		dst = batch.AppendDocument(dst[:0], 0, parsertest.Classes)
	}
}
