package recordbatch_test

import (
	"fmt"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/renthub/sluice/outputs/kafka/recordbatch"
)

// lines are documents of about 575 bytes, 1 MiB of them.
func lines() [][]byte {
	var list [][]byte
	for k := 0; k < 1820; k++ {
		list = append(list, fmt.Appendf(nil, `{"@timestamp":"2026-11-24T10:%02d:%02d.%03dZ","log.level":"info","message":"GET /v1/bookings/%d/guests took %d ms","service.name":"bookings","trace.id":"%016x%016x","user.id":"u-%06d","http.request.method":"GET","http.response.status_code":%d,"url.path":"/v1/bookings/%d/guests","client.ip":"10.%d.%d.%d","event.duration":%d,"host.name":"node-17.eu-west-1","log.file.path":"/var/log/renthub/bookings/app.log","labels.retention":"standard","kubernetes.namespace":"renthub","kubernetes.pod.name":"bookings-6c5f9d7b8-x2x4q","kubernetes.node.name":"node-17"}`,
			k/60%60, k%60, k*37%1000, k*7919, k*31%997, uint64(k)*0x9e3779b97f4a7c15, uint64(k)*0xbf58476d1ce4e5b9, k*131%100000, 200+k%7/6*300, k*7919, k%256, k*3%256, k*7%256, k*104729))
	}
	return list
}

// BenchmarkZstdAlone is the unit: what nobody can leave out.
func BenchmarkZstdAlone(b *testing.B) {
	var raw []byte
	for _, l := range lines() {
		raw = append(raw, l...)
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		dst = w.EncodeAll(raw, dst[:0])
	}
	b.ReportMetric(float64(len(raw))/float64(len(dst)), "ratio")
}

func BenchmarkBatch(b *testing.B) {
	docs := lines()
	size := 0
	for _, l := range docs {
		size += len(l)
	}
	id := []byte("Zm9vYmFyYmE-1048576-575")
	for _, codec := range codecs {
		b.Run(codec.String(), func(b *testing.B) {
			c, err := recordbatch.NewCompressor(codec)
			if err != nil {
				b.Fatal(err)
			}
			var batch recordbatch.Builder
			var dst []byte
			headers := []recordbatch.Header{{Key: "sluice-id", Value: id}}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				batch.Reset()
				for _, l := range docs {
					batch.Add(&recordbatch.Record{Value: l, Headers: headers})
				}
				if dst, err = batch.Append(dst[:0], c, 1); err != nil {
					b.Fatal(err)
				}
				recordbatch.Stamp(dst, recordbatch.Producer{ID: 1}, 1)
			}
			b.ReportMetric(float64(size)/float64(len(dst)), "ratio")
		})
	}
}
