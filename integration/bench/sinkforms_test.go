package bench

import (
	"encoding/binary"
	"net"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEachFormFindsTheDocuments(t *testing.T) {
	for _, c := range []struct {
		kind, raw string
	}{
		{elastic, `{"create":{}}` + "\n" + `{"seq":1}` + "\n" + `{"create":{}}` + "\n" + `{"m":"\n\"seq\":2"}` + "\n"},
		{splunk, `{"time":1.5,"event":{"seq":1}}{"event":{"m":"\n\"seq\":2"},"host":"a"}`},
		{cloudwatch, `{"logGroupName":"g","logEvents":[{"message":"{\"seq\":1}","timestamp":1},{"timestamp":2,"message":"{\"m\":\"\\n\\\"seq\\\":2\"}"}]}`},
		{plainHTTP, `{"seq":1}` + "\n" + `{"m":"\n\"seq\":2"}` + "\n"},
		{kind: kafka},
	} {
		t.Run(c.kind, func(t *testing.T) {
			if c.kind == kafka {
				c.raw = string(kafkaRecord(`{"seq":1}`)) + string(kafkaRecord(`{"m":"\n\"seq\":2"}`))
			}
			var got []string
			if err := forms()[c.kind].documents([]byte(c.raw), func(doc []byte) { got = append(got, string(doc)) }); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, []string{`{"seq":1}`, `{"m":"\n\"seq\":2"}`}); diff != "" {
				t.Error(diff)
			}
			if err := forms()[c.kind].documents([]byte(c.raw)[:len(c.raw)-3], func([]byte) {}); err == nil {
				t.Error("a body that is cut short was read")
			}
		})
	}
}

// kafkaRecord has a value, no key and no headers.
func kafkaRecord(value string) []byte {
	inner := []byte{0, 0, 0, 1}
	inner = binary.AppendVarint(inner, int64(len(value)))
	inner = append(append(inner, value...), 0)
	return append(binary.AppendVarint(nil, int64(len(inner))), inner...)
}

func TestABatchSentAgainIsNotCountedTwice(t *testing.T) {
	k := newKafkaForm()
	batch := func(producer int64, sequence int32) []byte {
		b := make([]byte, batchHead)
		binary.BigEndian.PutUint64(b[43:], uint64(producer))
		binary.BigEndian.PutUint32(b[53:], uint32(sequence))
		return b
	}
	var got []bool
	for _, sequence := range []int32{0, 0, 10, 0} {
		fresh, err := k.isNew("logs", 1, batch(7, sequence), 10)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fresh)
	}
	if want := []bool{true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("which are new: got %v, want %v", got, want)
	}
	if _, err := k.isNew("logs", 1, batch(7, 40), 10); err == nil {
		t.Error("a gap in the sequence was taken")
	}
	if fresh, err := k.isNew("logs", 2, batch(7, 0), 10); err != nil || !fresh {
		t.Errorf("another partition: got %v, %v; want a count of its own", fresh, err)
	}
}

func TestABatchWithAWrongChecksumIsNotRead(t *testing.T) {
	b := make([]byte, batchHead+4)
	if _, err := newKafkaForm().raw(body{sent: b}, new(inflater)); err == nil {
		t.Error("it was read")
	}
}

func TestWhatIsPutIntoAStreamThatWasNotMadeIsRefused(t *testing.T) {
	s := newSink(newCloudwatchForm())
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	defer s.shut()
	url := "http://" + s.addr
	put := func(name string) error {
		return post(url, "X-Amz-Target", "Logs_20140328.PutLogEvents",
			`{"logGroupName":"g","logStreamName":"`+name+`","logEvents":[{"timestamp":1,"message":"{\"seq\":1}"}]}`, "")
	}
	s.forget(`"seq":`)
	if _, err := fakeCloudwatch(url); err != nil {
		t.Fatal(err)
	}
	if err := put("other"); err == nil {
		t.Error("a stream that was not made: taken")
	}
	if err := put("s"); err != nil {
		t.Errorf("a stream that was made: %v", err)
	}
	if p := s.progress(); p.Docs != 1 || p.Problem != "" {
		t.Errorf("got %+v, want one document", p)
	}
}

func TestASinkThatIsShutRefusesAndComesBackWhereItWas(t *testing.T) {
	for kind, f := range forms() {
		t.Run(kind, func(t *testing.T) {
			s := newSink(f)
			for range 2 {
				if err := s.open(); err != nil {
					t.Fatal(err)
				}
				addr := s.addr
				c, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if err := s.shut(); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Read(make([]byte, 1)); err == nil {
					t.Error("a connection outlived it")
				}
				if c, err := net.Dial("tcp", addr); err == nil {
					c.Close()
					t.Error("it accepts while it is shut")
				}
			}
		})
	}
}

func FuzzAProduceRequestIsReadWithinItsBytes(f *testing.F) {
	f.Add([]byte{0, 1, 'x', 255, 255, 255, 255, 0, 0, 3, 232, 0, 0, 0, 1, 0, 1, 't', 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 9})
	f.Fuzz(func(t *testing.T, request []byte) {
		var sum int
		err := eachBatch(request, func(topic string, _ int32, batch []byte) error {
			sum += len(topic) + len(batch)
			_, err := batchCount(batch)
			return err
		})
		if sum > len(request) || err == nil && len(request) < 14 {
			t.Errorf("got %d bytes of %d, %v", sum, len(request), err)
		}
		_ = new(kafkaForm).documents(request, func([]byte) {})
	})
}
