package kafka

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/kafka/recordbatch"
	"github.com/renthub/sluice/outputs/outputtest"
)

// benchDocs are a megabyte of documents of about 575 bytes, with ids of their
// own.
func benchDocs() (docs []event.Doc, size int) {
	docs = outputtest.Docs(1820)
	for k := range docs {
		docs[k].ID.Pos, docs[k].ID.Size = int64(k)*575+int64(k%7), 575
		docs[k].JSON = fmt.Appendf(nil, `{"@timestamp":"2026-11-24T10:%02d:%02d.%03dZ","log.level":"info","message":"GET /v1/bookings/%d/guests took %d ms","service.name":"bookings","trace.id":"%016x%016x","user.id":"u-%06d","http.request.method":"GET","http.response.status_code":%d,"url.path":"/v1/bookings/%d/guests","client.ip":"10.%d.%d.%d","event.duration":%d,"host.name":"node-17.eu-west-1","log.file.path":"/var/log/renthub/bookings/app.log","labels.retention":"standard","kubernetes.namespace":"renthub","kubernetes.pod.name":"bookings-6c5f9d7b8-x2x4q","kubernetes.node.name":"node-17"}`,
			k/60%60, k%60, k*37%1000, k*7919, k*31%997, uint64(k)*0x9e3779b97f4a7c15, uint64(k)*0xbf58476d1ce4e5b9, k*131%100000, 200+k%7/6*300, k*7919, k%256, k*3%256, k*7%256, k*104729)
		size += len(docs[k].JSON)
	}
	return docs, size
}

// unit is what nobody can leave out: klauspost's fastest level of zstd on the
// documents alone.
func unit(b *testing.B, docs []event.Doc) func() {
	var raw, dst []byte
	for i := range docs {
		raw = append(raw, docs[i].JSON...)
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	return func() { dst = w.EncodeAll(raw, dst[:0]) }
}

// BenchmarkDocuments is what this output does for the same documents: names
// their targets, builds the batch with headers and ids, and stamps it. The
// figure "units" is its time in units, the best of each, taken in turns.
func BenchmarkDocuments(b *testing.B) {
	for _, c := range []struct {
		name   string
		change func(*Config)
	}{
		{"zstd", func(*Config) {}},
		{"zstd without headers", func(c *Config) { c.Headers = false }},
		{"lz4", func(c *Config) { c.Compression = "lz4" }},
		{"snappy", func(c *Config) { c.Compression = "snappy" }},
		{"gzip", func(c *Config) { c.Compression = "gzip" }},
		{"none", func(c *Config) { c.Compression = "none" }},
	} {
		b.Run(c.name, func(b *testing.B) {
			docs, size := benchDocs()
			config := defaults()
			config.Endpoints = []string{"127.0.0.1:1"}
			c.change(&config)
			made, err := open(config, benchDeps())
			if err != nil {
				b.Fatal(err)
			}
			o := made.(*Output)
			for _, t := range o.names.all() {
				t.partitions.Store(12)
			}
			g, target, packed := group{docs: docs}, []byte(nil), 0
			one, best, bestUnit := unit(b, docs), time.Hour, time.Hour
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				start := time.Now()
				one()
				bestUnit = min(bestUnit, time.Since(start))
				b.StartTimer()
				start = time.Now()
				for i := range docs {
					target = o.Partition(target[:0], &docs[i])
				}
				if identify(g).count == 0 {
					b.Fatal("no documents")
				}
				bytes, err := o.build(b.Context(), g)
				if err != nil {
					b.Fatal(err)
				}
				recordbatch.Stamp(bytes[frameSize:], recordbatch.Producer{ID: 1}, 1)
				packed = len(bytes)
				o.forget(&batch{bytes: bytes})
				best = min(best, time.Since(start))
			}
			b.ReportMetric(float64(best)/float64(bestUnit), "units")
			b.ReportMetric(float64(size)/float64(packed), "ratio")
		})
	}
}

func benchDeps() outputs.Deps {
	return outputs.Deps{Name: "kafka.bench", Logger: slog.New(slog.DiscardHandler), Now: time.Now, Classes: outputtest.Classes()}
}
