package outputtest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// Classes are the retention classes of the samples.
func Classes() []outputs.Class {
	return []outputs.Class{
		{Name: "audit", Keep: 400 * 24 * time.Hour},
		{Name: "debug", Keep: 3 * 24 * time.Hour},
		{Name: "standard", Keep: 30 * 24 * time.Hour},
	}
}

// Docs returns n documents of one source, with ids from 0 on, of two services
// and all classes, with characters that need care.
func Docs(n int) []event.Doc { return DocsFrom(0, n) }

// DocsFrom is Docs with ids from first on.
func DocsFrom(first, n int) []event.Doc {
	const size = 100
	classes := Classes()
	docs := make([]event.Doc, n)
	for i := range docs {
		k := first + i
		at := time.Date(2026, 11, 24, 10, 0, 0, k*1e6, time.UTC)
		class := classes[k%len(classes)].Name
		docs[i] = event.Doc{
			JSON: fmt.Appendf(nil, `{"@timestamp":%q,"message":"line %d: caf\u00e9 \"q\" \\ \ttab 日本","log.level":"info","service.name":"svc-%d","labels.retention":%q,"seq":%d}`,
				at.Format("2006-01-02T15:04:05.000Z"), k, k%2, class, k),
			ID:        event.ID{Source: 0x0123456789abcdef, Pos: int64(k) * size, Size: size},
			Time:      at.UnixMilli(),
			Severity:  event.Info,
			Retention: class,
		}
	}
	return docs
}

// Request makes the request that the pipeline would make of docs.
func Request(t testing.TB, o outputs.Output, docs []event.Doc) *outputs.Request {
	t.Helper()
	r := &outputs.Request{Count: len(docs)}
	w, ok := o.(outputs.Wrapper)
	if !ok {
		for _, d := range docs {
			d.JSON = bytes.Clone(d.JSON)
			r.Docs = append(r.Docs, d)
			r.Size += len(d.JSON)
		}
		return r
	}
	var raw []byte
	for i := range docs {
		var err error
		if raw, _, err = w.Wrap(raw, &docs[i]); err != nil {
			t.Fatalf("wrap: %v", err)
		}
	}
	r.Size = len(raw)
	body := Gzip(t, raw)
	r.BodySize = len(body)
	for len(body) > 0 { // in parts, as blocks come
		n := min(len(body), 1000)
		r.Body = append(r.Body, bytes.Clone(body[:n]))
		body = body[n:]
	}
	return r
}

// Gzip compresses raw as one member.
func Gzip(t testing.TB, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Poison overwrites the memory of a request, as its next use will.
func Poison(r *outputs.Request) {
	for _, part := range r.Body {
		fill(part)
	}
	for i := range r.Docs {
		fill(r.Docs[i].JSON)
	}
	clear(r.Docs)
	clear(r.Body)
}

func fill(b []byte) {
	for i := range b {
		b[i] = 0xDB
	}
}
