package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/parsers"
	jsonparser "github.com/renthub/sluice/parsers/json"
	"github.com/renthub/sluice/pipeline"
)

// nowhere is a log that keeps nothing.
type nowhere struct{}

func (nowhere) Append(context.Context, []*buffer.Record) (buffer.Ticket, error) {
	return buffer.Ticket{}, nil
}

// bulk wraps as a bulk request does.
type bulk struct{ outputs.Output }

func (bulk) Wrapping() uint64 { return 1 }

func (bulk) Wrap(dst []byte, d *event.Doc) ([]byte, int, error) {
	n := len(dst)
	dst = append(dst, `{"create":{"_index":"logs-payments-standard","_id":"`...)
	dst = fmt.Append(dst, "nzxbIneqEjQ-", d.ID.Pos, "-", d.ID.Size)
	dst = append(dst, "\"}}\n"...)
	return append(append(dst, d.JSON...), '\n'), len(dst) - n, nil
}

const jsonLine = `{"timestamp":"2026-11-24T10:02:55.%03dZ","level":"info","logger":"App\\Services\\BookingService","message":"booking %d confirmed for guest","request_id":"9f86d081884c7d65%08d","user":{"id":%d,"email":"guest%d@example.com","country":"DE"},"context":{"booking_id":%d,"property_id":48213,"nights":4,"total":"512.40","currency":"EUR","payment":{"provider":"stripe","method":"card","attempt":1}},"http":{"method":"POST","path":"/api/v1/bookings/%d/confirm","status":200,"duration_ms":%d},"tags":["booking","confirmed","email:queued"],"trace":{"id":"4bf92f3577b34da6a3ce929d0e0e4736","span":"00f067aa0ba902b7"},"pid":%d,"memory_mb":38}`

func jsonLines(n int) [][]byte {
	var out [][]byte
	for i := range n {
		out = append(out, fmt.Appendf(nil, jsonLine, i%1000, 100000+i*7, i*31, i*13%9999, i*13%9999, 100000+i*7, 100000+i*7, i*37%900, 2000+i%50))
	}
	return out
}

func benchSource() *event.Source {
	return &event.Source{ID: 1, Input: "fake.in", Name: "app.log", Reread: true, Constants: []event.Constant{
		{Key: "host.name", Value: "node-1.eu-west-1.example.net"}, {Key: "service.name", Value: "payments"},
		{Key: "deployment.environment", Value: "production"}, {Key: "log.file.path", Value: "/var/log/renthub/payments/app.log", Ours: true},
	}}
}

// BenchmarkIngest is the left half of the path for 256 KiB of JSON lines in a
// cut. The second benchmark is the unit that it is measured in: the deflate of
// the same documents alone.
func BenchmarkIngest(b *testing.B) {
	parser, err := jsonparser.Type.Open(jsonparser.Type.Config(), parsers.Deps{Name: "json", Location: time.UTC})
	if err != nil {
		b.Fatal(err)
	}
	pool := &event.Pool{}
	in := pipeline.NewIngest(nowhere{}, nil, pool, slog.New(slog.DiscardHandler), time.Now)
	in.SetGraph(pipeline.NewGraph(&pipeline.GraphPlan{
		Chains: map[string]pipeline.Chain{"fake.in": {Parser: parser}}, Classes: []pipeline.Class{{Name: "standard"}}, Default: "standard",
	}, pipeline.NewRoutes(nil), bulk{}))
	src, lines := benchSource(), jsonLines(450)
	size := 0
	for _, l := range lines {
		size += len(l) + 1
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	pos := int64(0)
	for b.Loop() {
		batch := pool.Get(src)
		batch.ReadAt, batch.Start = 1, pos
		for _, l := range lines {
			batch.AddLine(l, pos, len(l)+1)
			pos += int64(len(l) + 1)
		}
		batch.End = pos
		if _, err := in.Emit(b.Context(), []*event.Batch{batch}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDeflateAlone(b *testing.B) {
	src, lines := benchSource(), jsonLines(450)
	var raw []byte
	size := 0
	batch := event.NewBatch(src)
	for i, l := range lines {
		batch.AddLine(l, int64(size), len(l)+1)
		size += len(l) + 1
		doc := event.Doc{JSON: batch.AppendDocument(nil, i, []string{"standard"}), ID: event.ID{Pos: int64(size), Size: uint32(len(l) + 1)}}
		raw, _, _ = bulk{}.Wrap(raw, &doc)
	}
	var out bytes.Buffer
	fw, err := flate.NewWriter(&out, 1)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		out.Reset()
		fw.Reset(&out)
		if _, err := fw.Write(raw); err != nil {
			b.Fatal(err)
		}
		if err := fw.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}
