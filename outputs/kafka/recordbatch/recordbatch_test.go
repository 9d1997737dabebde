package recordbatch_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/outputs/kafka/recordbatch"
	"github.com/renthub/sluice/outputs/kafka/recordbatch/strict"
)

var codecs = []recordbatch.Codec{recordbatch.None, recordbatch.Gzip, recordbatch.Snappy, recordbatch.LZ4, recordbatch.Zstd}

func build(t testing.TB, codec recordbatch.Codec, records []recordbatch.Record) []byte {
	t.Helper()
	c, err := recordbatch.NewCompressor(codec)
	if err != nil {
		t.Fatal(err)
	}
	var b recordbatch.Builder
	for i := range records {
		b.Add(&records[i])
	}
	batch, err := b.Append(nil, c, 1_764_000_000_123)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return batch
}

// wanted is what a strict reader should find.
func wanted(records []recordbatch.Record) []strict.Record {
	var list []strict.Record
	for _, r := range records {
		w := strict.Record{Key: r.Key, Value: r.Value}
		if w.Value == nil {
			w.Value = []byte{}
		}
		for _, h := range r.Headers {
			w.Headers = append(w.Headers, strict.Header{Key: h.Key, Value: append([]byte{}, h.Value...)})
		}
		list = append(list, w)
	}
	return list
}

// same compares what was read. cmp takes minutes for megabytes, so it only
// shows what differs.
func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got (-) and want (+):\n%s", cmp.Diff(got, want))
	}
}

func TestBatch(t *testing.T) {
	many := make([]recordbatch.Record, 3000)
	for i := range many {
		many[i] = recordbatch.Record{Value: fmt.Appendf(nil, `{"seq":%d,"message":"line %d"}`, i, i), Headers: []recordbatch.Header{{Key: "sluice-id", Value: fmt.Append(nil, i)}}}
	}
	for _, c := range []struct {
		name    string
		records []recordbatch.Record
	}{
		{"one record without a key has a null key", []recordbatch.Record{{Value: []byte("{}")}}},
		{"an empty key is not a null key", []recordbatch.Record{{Key: []byte{}, Value: []byte("{}")}}},
		{"an empty value is not a null value", []recordbatch.Record{{}}},
		{"offsets need two bytes from the 65th record on", many},
		{"one of a megabyte", []recordbatch.Record{{Key: []byte("k"), Value: bytes.Repeat([]byte("0123456789abcdef"), 65536)}}},
	} {
		for _, codec := range codecs {
			t.Run(fmt.Sprintf("%s, %v", c.name, codec), func(t *testing.T) {
				batch := build(t, codec, c.records)
				recordbatch.Stamp(batch, recordbatch.Producer{ID: 4711, Epoch: 3}, math.MaxInt32)
				got, err := strict.Decode(batch)
				if err != nil {
					t.Fatalf("decode: %v", err)
				}
				want := &strict.Batch{
					LeaderEpoch: -1, Codec: int(codec), Time: 1_764_000_000_123, MaxTime: 1_764_000_000_123,
					Producer: 4711, Epoch: 3, Sequence: math.MaxInt32, Records: wanted(c.records),
				}
				same(t, got, want)
			})
		}
	}
}

func TestBatchWithoutRecordsIsRefused(t *testing.T) {
	c, err := recordbatch.NewCompressor(recordbatch.None)
	if err != nil {
		t.Fatal(err)
	}
	var b recordbatch.Builder
	if got, err := b.Append([]byte("before"), c, 1); err == nil || string(got) != "before" {
		t.Errorf("append: got %q, %v, want an error and what was there before", got, err)
	}
}

func TestStampChangesNothingElse(t *testing.T) {
	records := []recordbatch.Record{{Value: []byte(strings.Repeat("a line ", 1000))}}
	batch := build(t, recordbatch.Zstd, records)
	before := bytes.Clone(batch)
	recordbatch.Stamp(batch, recordbatch.Producer{ID: 1, Epoch: 2}, 3)
	if bytes.Equal(batch, before) || !bytes.Equal(batch[recordbatch.HeadSize:], before[recordbatch.HeadSize:]) {
		t.Error("the stamp must change the head and no record")
	}
	recordbatch.Stamp(batch, recordbatch.NoProducer, -1)
	if !bytes.Equal(batch, before) {
		t.Error("stamped as before: got other bytes")
	}
}

func TestNextSequence(t *testing.T) {
	for _, c := range []struct {
		from  int32
		count int
		want  int32
	}{
		{0, 1, 1},
		{math.MaxInt32 - 1, 1, math.MaxInt32},
		{math.MaxInt32, 1, 0},
		{math.MaxInt32 - 9, 30, 20},
	} {
		if got := recordbatch.NextSequence(c.from, c.count); got != c.want {
			t.Errorf("%d records from %d: got %d, want %d", c.count, c.from, got, c.want)
		}
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	c, err := recordbatch.NewCompressor(recordbatch.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	var b recordbatch.Builder
	value, id := []byte(strings.Repeat(`{"message":"a line"}`, 20)), []byte("Zm9vYmFyYmE-1048576-575")
	headers := []recordbatch.Header{{Key: "sluice-id", Value: id}}
	var dst []byte
	round := func() {
		b.Reset()
		for range 1000 {
			b.Add(&recordbatch.Record{Value: value, Headers: headers})
		}
		if dst, err = b.Append(dst[:0], c, 1); err != nil {
			t.Fatal(err)
		}
	}
	round()
	if got := testing.AllocsPerRun(10, round); got > 5 {
		t.Errorf("got %v allocations for a batch of 1000, want none for a record", got)
	}
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), "header", []byte("v"), uint8(4), uint8(3))
	f.Add([]byte{}, []byte{}, "", []byte{}, uint8(2), uint8(200))
	f.Fuzz(func(t *testing.T, key, value []byte, name string, header []byte, codec, count uint8) {
		name = strings.ToValidUTF8(name, "?")
		records := make([]recordbatch.Record, int(count)+1)
		for i := range records {
			records[i] = recordbatch.Record{Key: key, Value: value[:len(value)*i/len(records)], Headers: []recordbatch.Header{{Key: name, Value: header}}}
		}
		got, err := strict.Decode(build(t, recordbatch.Codec(codec%5), records))
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		same(t, got.Records, wanted(records))
	})
}

// FuzzDecode: the strict reader never panics, and what it takes has one form.
func FuzzDecode(f *testing.F) {
	for _, codec := range codecs {
		f.Add(build(f, codec, []recordbatch.Record{{Value: []byte("value")}}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		batch, err := strict.Decode(b)
		if err == nil && len(batch.Records) == 0 {
			t.Error("got a batch without records")
		}
	})
}
