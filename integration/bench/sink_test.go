package bench

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

func packed(t *testing.T, members ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, text := range members {
		w := gzip.NewWriter(&out)
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestTheInflaterTakesOneMemberOnly(t *testing.T) {
	var f inflater
	whole := packed(t, "a\nb\n")
	if got, err := f.inflate(whole); err != nil || string(got) != "a\nb\n" {
		t.Errorf("one member: got %q, %v", got, err)
	}
	if _, err := f.inflate(packed(t, "a\n", "b\n")); !errors.Is(err, errTrailing) {
		t.Errorf("two members: got %v, want %v", err, errTrailing)
	}
	if _, err := f.inflate(append(bytes.Clone(whole), 0)); !errors.Is(err, errTrailing) {
		t.Errorf("a byte behind: got %v, want %v", err, errTrailing)
	}
	if _, err := f.inflate(whole[:len(whole)-1]); err == nil {
		t.Error("a body that ends early was taken")
	}
	wrong := bytes.Clone(whole)
	wrong[len(wrong)-5] ^= 1 // in the checksum
	if _, err := f.inflate(wrong); err == nil {
		t.Error("a wrong checksum was taken")
	}
}

func TestTheTallyCountsWhatIsLostRepeatedAndStrange(t *testing.T) {
	c, err := newCounter(new(bulkForm), Expect{First: 10, SeqMark: `"seq":`, StampMark: `"sent_ns":`})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(100, 0)
	plain := func(text string) body { return body{at: at, sent: []byte(text), flat: true} }
	const action = `{"create":{}}` + "\n"
	got, err := c.count([]body{plain(
		action + `{"seq":10,"sent_ns":99000000000}` + "\n" +
			action + `{"seq":12,"sent_ns":99990000000}` + "\n" +
			action + `{"seq":12,"sent_ns":99990000000}` + "\n" +
			action + `{"seq":9}` + "\n" +
			action + `{}` + "\n"),
	}, 4, true)
	if err != nil {
		t.Fatal(err)
	}
	if got.Docs != 5 || got.Lost != 2 || got.Repeated != 1 || got.Strangers != 2 {
		t.Errorf("got %d documents, %d lost, %d repeated, %d strangers; want 5, 2, 1, 2", got.Docs, got.Lost, got.Repeated, got.Strangers)
	}
	if got.Latency.Max != time.Second || got.Latency.P50 != 10*time.Millisecond {
		t.Errorf("latency: got %+v", got.Latency)
	}
	if _, err := c.count([]body{plain(`{"index":{}}` + "\n{}\n")}, 4, false); !errors.Is(err, errNoAction) {
		t.Errorf("an index action: got %v, want %v", err, errNoAction)
	}
}
