package kafka

import (
	"context"
	"fmt"
	"runtime"
	"strconv"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs/kafka/recordbatch"
)

// Names of the headers of a record.
const (
	headerType      = "content-type"
	headerID        = "sluice-id"
	headerRetention = "sluice-retention"
	headerTime      = "sluice-time"
)

// writer makes batches of documents. One goroutine uses it at a time.
type writer struct {
	records    recordbatch.Builder
	compressor *recordbatch.Compressor
	record     recordbatch.Record
	headers    [4]recordbatch.Header
	scratch    []byte // key, id and time of one record
}

// makeWriters makes room for as many writers as there are processors: the rest
// of the requests in flight wait for brokers.
func (o *Output) makeWriters() error {
	n := min(o.config.InFlight, runtime.GOMAXPROCS(0))
	o.writers = make(chan *writer, n)
	o.buffers = make(chan []byte, o.config.InFlight)
	for range n {
		c, err := recordbatch.NewCompressor(o.codec)
		if err != nil {
			return err
		}
		o.writers <- &writer{compressor: c}
	}
	return nil
}

// frameSize is the size of the number that kafka-go wants before a batch.
const frameSize = 4

// build makes the batch of documents, not stamped yet, with room for the
// number of its size before it.
func (o *Output) build(ctx context.Context, docs group) ([]byte, error) {
	var w *writer
	select {
	case w = <-o.writers:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { o.writers <- w }()
	w.records.Reset()
	for i := range docs.len() {
		o.add(w, docs.doc(i))
	}
	var buffer []byte
	select {
	case buffer = <-o.buffers:
	default:
	}
	bytes, err := w.records.Append(append(buffer[:0], 0, 0, 0, 0), w.compressor, o.now().UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("build record batch: %w", err)
	}
	return bytes, nil
}

// add adds the record of one document. Its time is that of the batch, which is
// when it is sent: brokers delete by the latest time in a segment, refuse times
// far ahead, and would delete the lines of a backfill at once.
func (o *Output) add(w *writer, d *event.Doc) {
	w.scratch = o.appendKey(w.scratch[:0], d)
	keyEnd := len(w.scratch)
	w.record = recordbatch.Record{Value: d.JSON}
	if o.config.Headers {
		w.scratch = d.ID.Append(w.scratch)
		idEnd := len(w.scratch)
		w.scratch = strconv.AppendInt(w.scratch, d.Time, 10)
		w.headers = [4]recordbatch.Header{
			{Key: headerType, Value: jsonType}, // what is the same for all stands together: it compresses better
			{Key: headerRetention, Value: o.names.classText(d.Retention)},
			{Key: headerID, Value: w.scratch[keyEnd:idEnd]},
			{Key: headerTime, Value: w.scratch[idEnd:]},
		}
		w.record.Headers = w.headers[:]
	}
	if keyEnd > 0 {
		w.record.Key = w.scratch[:keyEnd]
	}
	w.records.Add(&w.record)
}

var jsonType = []byte("application/json") // never written

// classText is the name of a class as bytes.
func (n *names) classText(name string) []byte {
	if c, ok := n.classes[name]; ok {
		return c.text
	}
	return []byte(name) // of an earlier config
}

// forget takes back the memory of a batch that nobody needs any more.
func (o *Output) forget(b *batch) {
	if cap(b.bytes) > 4<<20 { // an odd one
		return
	}
	select {
	case o.buffers <- b.bytes:
	default:
	}
	b.bytes = nil
}
