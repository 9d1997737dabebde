package cloudwatch

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/klauspost/compress/gzip"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// fullBatch is what fills one call: documents of about 780 bytes whose
// contents compress as logs do, five to six times.
func fullBatch() []event.Doc {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"payment", "accepted", "for", "booking", "guest", "property", "timeout", "retry", "cache", "miss", "user", "session", "started", "query", "took", "rows"}
	var docs []event.Doc
	for size := 0; size < requestBytes; {
		text := ""
		for range 36 {
			text += words[r.IntN(len(words))] + " "
		}
		at := noon.Add(time.Duration(len(docs)) * time.Millisecond)
		json := fmt.Appendf(nil, `{"@timestamp":%q,"log.level":"info","message":%q,"request_id":"%016x","duration_ms":%d,"url.path":"/api/v1/bookings/%d","http.request.method":"GET","http.response.status_code":200,"user.id":%d,"host.name":"ip-10-0-12-34.eu-west-1.compute.internal","service.name":"bookings","log.file.path":"/var/log/renthub/bookings/app.log","log.offset":%d,"labels.retention":"standard"}`,
			at.Format("2006-01-02T15:04:05.000Z"), text, r.Uint64(), r.IntN(3000), r.IntN(100000), r.IntN(1000000), size)
		docs = append(docs, event.Doc{JSON: json, Time: at.UnixMilli(), Retention: "standard", ID: event.ID{Source: 1, Pos: int64(size)}})
		size += len(json)
	}
	return docs
}

// BenchmarkBuild measures a full batch from its documents to the compressed
// body, and beside it gzip alone on the same bytes, the unit of the budget, in
// CPU time of one thread. partition is the naming of each document, which the
// pipeline asks for.
func BenchmarkBuild(b *testing.B) {
	o := openOffline(b, nil)
	docs := fullBatch()
	l := o.targets.of(&docs[0])
	raw := rawBody(b, l, docs)
	var work batch
	var out bytes.Buffer
	e := newEncoder()
	gz, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var build, name, unit time.Duration
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		start := threadCPU()
		for i := range docs {
			out.Reset()
			out.Write(o.Partition(out.AvailableBuffer(), &docs[i]))
		}
		named := threadCPU()
		work.reset(docs)
		work.fill(nil, &o.config, window{})
		if _, err := e.encode(l.stream.group.name, l.name, work.items); err != nil {
			b.Fatal(err)
		}
		work.release()
		built := threadCPU()
		out.Reset()
		gz.Reset(&out)
		_, _ = gz.Write(raw)
		_ = gz.Close()
		name, build, unit = name+named-start, build+built-named, unit+threadCPU()-built
	}
	b.ReportMetric(float64(build)/float64(unit), "gzips")
	b.ReportMetric(float64(name)/float64(unit), "gzips-partition")
	b.ReportMetric(float64(len(raw))/float64(out.Len()), "ratio")
}

// rawBody is the body of one call before compression.
func rawBody(t testing.TB, l *lane, docs []event.Doc) []byte {
	t.Helper()
	var work batch
	work.reset(docs)
	c := defaults()
	work.fill(nil, &c, window{})
	if n := nextCall(work.items); n != len(work.items) {
		t.Fatalf("a full request needs more than one call: %d of %d events fit", n, len(work.items))
	}
	raw := appendHead(nil, l.stream.group.name, l.name)
	for i := range work.items {
		raw = append(appendEvent(raw, &work.items[i]), ',')
	}
	raw[len(raw)-1] = ']'
	return append(raw, '}')
}

// taker takes all requests at once, so that what is measured is our side.
type taker struct{ bytes int64 }

func (t *taker) Do(req *http.Request) (*http.Response, error) {
	n, err := io.Copy(io.Discard, req.Body)
	t.bytes += n
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(strings.NewReader(`{"nextSequenceToken":"49"}`)), Request: req,
	}, err
}

// BenchmarkSend measures all of Send but the network: what BenchmarkBuild does,
// the SDK and the signature. The unit is the same.
func BenchmarkSend(b *testing.B) {
	setCredentials(b)
	o := openOffline(b, nil)
	client, err := o.newClient(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	options := client.Options()
	options.HTTPClient = &taker{}
	o.client.Store(cloudwatchlogs.New(options))
	docs := fullBatch()
	r := &outputs.Request{Count: len(docs), Docs: docs, Target: string(o.Partition(nil, &docs[0]))}
	raw := rawBody(b, o.targets.of(&docs[0]), docs)
	var out bytes.Buffer
	gz, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var send, unit time.Duration
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		start := threadCPU()
		if err := o.Send(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		sent := threadCPU()
		out.Reset()
		gz.Reset(&out)
		_, _ = gz.Write(raw)
		_ = gz.Close()
		send, unit = send+sent-start, unit+threadCPU()-sent
	}
	b.ReportMetric(float64(send)/float64(unit), "gzips")
}
