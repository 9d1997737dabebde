package parsertest

import (
	"testing"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
)

// Benchmark measures a parser on records of one form, one batch after the
// other, as ingest does it.
func Benchmark(b *testing.B, p parsers.Parser, line string) {
	src := &event.Source{Constants: []event.Constant{
		{Key: "host.name", Value: "web-1"},
		{Key: "log.file.path", Value: "/var/log/x.log", Ours: true},
		{Key: "service.name", Value: "web"},
		{Key: "labels.team", Value: "core"},
	}}
	batch := event.NewBatch(src)
	text := []byte(line)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if batch.Size() > 256<<10 {
			batch.Reset(src)
		}
		batch.AddLine(text, 0, len(text))
		if n := batch.Len() - 1; !p.Parse(batch, n) {
			b.Fatalf("refused: %v", batch.Row(n).Error)
		}
	}
}
