package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// wantStored checks what is stored, in order.
func wantStored(t *testing.T, f *fake, docs []event.Doc) {
	t.Helper()
	got := f.stored()
	var want []string
	for i := range docs {
		want = append(want, string(docs[i].JSON))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d documents stored, want %d:\n%q\nwant\n%q", len(got), len(want), got[:min(3, len(got))], want[:min(3, len(want))])
	}
}

func wantCount(t *testing.T, name string, c prometheus.Counter, want float64) {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	if got := m.GetCounter().GetValue(); got != want {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
}

func TestSameBytesUntilAnswered(t *testing.T) {
	for _, e := range []*kerr.Error{kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend} {
		t.Run("stored and answered with "+e.Message, func(t *testing.T) {
			f := newFake(t)
			o := f.start(oneTopic)
			docs := outputtest.Docs(30)
			if err := send(t, o, docs[:10]); err != nil {
				t.Fatal(err)
			}
			f.answerWith(e, 1)
			if err := send(t, o, docs[10:20]); err == nil {
				t.Fatal("send: got no error")
			}
			for _, part := range [][]event.Doc{docs[10:20], docs[20:]} {
				if err := send(t, o, part); err != nil {
					t.Fatal(err)
				}
			}
			wantStored(t, f, docs)
			b := f.batches()
			if len(b) != 4 || !bytes.Equal(b[1].bytes, b[2].bytes) {
				t.Errorf("got %d batches, want 4 of which the third is the second again", len(b))
			}
			wantCount(t, "possible repeats", o.metrics.repeats, 0)
			wantCount(t, "batches sent again", o.metrics.resends, 1)
		})
	}
}

func TestSameBytesOverANewConnection(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.Docs(20)
	if err := send(t, o, docs[:10]); err != nil {
		t.Fatal(err)
	}
	f.half.Store(1) // the answer to a batch that is stored
	if err := send(t, o, docs[10:]); err != nil {
		t.Fatal(err)
	}
	wantStored(t, f, docs)
	if b := f.batches(); len(b) != 3 || !bytes.Equal(b[1].bytes, b[2].bytes) {
		t.Errorf("got %d batches, want 3 of which the last is the second again", len(b))
	}
}

// Other documents under a sequence that may be taken would be dropped as a
// repeat, or refused for ever.
func TestBatchIsSettledWhateverComes(t *testing.T) {
	docs := outputtest.Docs(10)
	for _, c := range []struct {
		name  string
		stays bool // the first try is stored
		then  [][]event.Doc
	}{
		{"it was divided", true, [][]event.Doc{docs[:3], docs[3:6], docs[6:]}},
		{"it was divided, and was not stored", false, [][]event.Doc{docs[:3], docs[3:6], docs[6:]}},
		{"more documents came to it", true, [][]event.Doc{docs}},
		{"more documents came to a part of it", true, [][]event.Doc{docs[2:], docs[:2]}},
		{"others came first", true, [][]event.Doc{docs[6:], docs[:6]}},
		{"others came first, and it was not stored", false, [][]event.Doc{docs[6:], docs[:6]}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			o := f.start(oneTopic)
			e := kerr.LeaderNotAvailable
			if c.stays {
				e = kerr.RequestTimedOut
			}
			f.answerWith(e, 1)
			if err := send(t, o, docs[:6]); err == nil {
				t.Fatal("send: got no error")
			}
			for _, part := range c.then {
				if err := send(t, o, part); err != nil {
					t.Fatal(err)
				}
			}
			wantStored(t, f, docs)
			if b := f.batches(); len(b) != 3 || !bytes.Equal(b[0].bytes, b[1].bytes) {
				t.Errorf("got %d batches, want 3 of which the second is the first again", len(b))
			}
			wantCount(t, "possible repeats", o.metrics.repeats, 0)
			wantCount(t, "producer ids", o.metrics.producers, 1)
			if p := o.partitionOf(place{"logs", 0}); len(p.stored) != 0 || p.sealed != nil {
				t.Errorf("got %d documents that are still expected, and the batch %v", len(p.stored), p.sealed)
			}
		})
	}
}

// As many documents, as long, of the same source: they are not those that wait
// for an answer, and are not taken by it.
func TestOtherDocumentsOfTheSameShape(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.DocsFrom(10, 10)
	for _, k := range []int{0, 5} {
		for i := range 5 {
			docs[k+i].JSON = fmt.Appendf(nil, `{"seq":%d}`, 10+k+i)
		}
	}
	f.answerWith(kerr.RequestTimedOut, 1)
	if err := send(t, o, docs[:5]); err == nil {
		t.Fatal("send: got no error")
	}
	inner := []event.Doc{docs[0], docs[6], docs[7], docs[8], docs[4]} // the first, the last and the count are the same
	for _, part := range [][]event.Doc{inner, docs[1:4], {docs[5], docs[9]}} {
		if err := send(t, o, part); err != nil {
			t.Fatal(err)
		}
	}
	got := f.stored()
	slices.Sort(got)
	var want []string
	for i := range docs {
		want = append(want, string(docs[i].JSON))
	}
	if !slices.Equal(got, want) {
		t.Errorf("stored: got %q, want %q", got, want)
	}
}

// What waits for another batch's answer is not taken by it.
func TestOthersFailWithTheBatchThatTheyWaitFor(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.Docs(10)
	f.answerWith(kerr.RequestTimedOut, 2)
	for _, part := range [][]event.Doc{docs[:6], docs[6:]} {
		if err := send(t, o, part); err == nil {
			t.Error("send: got no error")
		}
	}
	for _, part := range [][]event.Doc{docs[6:], docs[:6]} {
		if err := send(t, o, part); err != nil {
			t.Fatal(err)
		}
	}
	wantStored(t, f, docs)
	wantCount(t, "possible repeats", o.metrics.repeats, 0)
}

// The rest of a request fails without what was stored before.
func TestPartOfARequestIsStored(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.Docs(10)
	f.answerWith(kerr.RequestTimedOut, 1)
	if err := send(t, o, docs[:6]); err == nil {
		t.Fatal("send: got no error")
	}
	f.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, When: func(kmsg.Request) bool { return len(f.batches()) == 3 }})
	var partial *outputs.Partial
	if err := send(t, o, docs); !errors.As(err, &partial) || len(partial.Failed) != 4 || partial.Failed[0].Index != 6 {
		t.Fatalf("send: got %v, want the last four to be sent again", err)
	}
	if err := send(t, o, docs[6:]); err != nil {
		t.Fatal(err)
	}
	wantStored(t, f, docs)
}

// A batch that may be stored, and that the broker then refuses, gives up its
// sequence: the next one has a new producer.
func TestRefusedAfterNoAnswer(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.Docs(10)
	f.answerWith(kerr.RequestTimedOut, 1)
	f.answerWith(kerr.MessageTooLarge, 1)
	if err := send(t, o, docs[:6]); err == nil {
		t.Fatal("send: got no error")
	}
	if err := send(t, o, docs[:6]); !errors.Is(err, outputs.ErrTooLarge) {
		t.Fatalf("send: got %v, want ErrTooLarge", err)
	}
	for _, part := range [][]event.Doc{docs[:3], docs[3:6], docs[6:]} {
		if err := send(t, o, part); err != nil {
			t.Fatal(err)
		}
	}
	wantStored(t, f, append(docs[:6:6], docs...)) // the six are there twice, and counted
	b := f.batches()
	if b[1].batch.Producer == b[2].batch.Producer || b[2].batch.Sequence != 0 {
		t.Errorf("producers %d, %d: want a new one for the third batch", b[1].batch.Producer, b[2].batch.Producer)
	}
	wantCount(t, "possible repeats", o.metrics.repeats, 6)
}

// The leader died, and nobody takes connections in its place: whether its last
// batch is stored is not known.
func TestNoNewConnectionAfterABrokenOne(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.Docs(10)
	if err := send(t, o, docs[:1]); err != nil {
		t.Fatal(err)
	}
	f.half.Store(2) // the answer, and then the first of the new connection
	if err := send(t, o, docs[1:6]); err == nil {
		t.Fatal("send: got no error")
	}
	if b := o.partitionOf(place{"logs", 0}).sealed; b == nil || !b.ambiguous {
		t.Errorf("got batch %+v, want one that may be stored", b)
	}
	if err := send(t, o, docs[6:]); err != nil {
		t.Fatal(err)
	}
	if err := send(t, o, docs[1:6]); err != nil {
		t.Fatal(err)
	}
	wantStored(t, f, docs)
}

// A batch that the broker has refused leaves its sequence free.
func TestRefusedBatchCostsNoProducer(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.Docs(10)
	f.answerWith(kerr.MessageTooLarge, 1)
	if err := send(t, o, docs); !errors.Is(err, outputs.ErrTooLarge) {
		t.Fatalf("send: got %v, want ErrTooLarge", err)
	}
	for _, part := range [][]event.Doc{docs[:5], docs[5:]} {
		if err := send(t, o, part); err != nil {
			t.Fatal(err)
		}
	}
	wantStored(t, f, docs)
	wantCount(t, "producer ids", o.metrics.producers, 1)
	wantCount(t, "possible repeats", o.metrics.repeats, 0)
}

// After a crash the same sequence would stand for a batch cut differently.
func TestEachRunHasAProducerOfItsOwn(t *testing.T) {
	f := newFake(t)
	docs := outputtest.Docs(10)
	if err := send(t, f.start(oneTopic), docs[:6]); err != nil {
		t.Fatal(err)
	}
	again := f.start(oneTopic)
	for _, part := range [][]event.Doc{docs[:4], docs[4:]} {
		if err := send(t, again, part); err != nil {
			t.Fatal(err)
		}
	}
	wantStored(t, f, append(docs[:6:6], docs...))
}

func TestFatalProducerErrors(t *testing.T) {
	for _, e := range []*kerr.Error{kerr.OutOfOrderSequenceNumber, kerr.InvalidProducerEpoch, kerr.UnknownProducerID} {
		t.Run(e.Message, func(t *testing.T) {
			f := newFake(t)
			o := f.start(oneTopic)
			docs := outputtest.Docs(12)
			for i, part := range [][]event.Doc{docs[:4], docs[4:8], docs[8:]} {
				if i == 1 {
					f.answerWith(e, 1)
				}
				if err := send(t, o, part); err != nil {
					t.Fatal(err)
				}
			}
			wantStored(t, f, docs)
			b := f.batches()
			if len(b) != 4 || b[2].batch.Producer == b[1].batch.Producer || b[2].batch.Sequence != 0 || b[3].batch.Sequence != 4 {
				t.Errorf("got %d batches, want 4 with a new producer from the third on", len(b))
			}
			wantCount(t, "possible repeats", o.metrics.repeats, 4)
		})
	}
}

func TestFatalErrorsForEverAreRetried(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	f.answerWith(kerr.OutOfOrderSequenceNumber, -1)
	if err := send(t, o, outputtest.Docs(1)); err == nil {
		t.Error("send: got no error")
	}
	if n := len(f.batches()); n > 5 {
		t.Errorf("got %d batches of one Send", n)
	}
}

func TestDuplicateIsStored(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	f.answerWith(kerr.DuplicateSequenceNumber, 1)
	if err := send(t, o, outputtest.Docs(3)); err != nil {
		t.Errorf("send: %v", err)
	}
	wantCount(t, "duplicates", o.metrics.duplicates, 1)
}

// The broker of this test takes what comes: it would not let a producer that it
// does not know begin so high. integration/kafka asks a real one.
func TestSequenceWraps(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	if err := o.ready(t.Context(), o.names.add("logs", "", false)); err != nil {
		t.Fatal(err)
	}
	p := o.partitionOf(place{"logs", 0})
	if err := o.newProducer(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	p.next = math.MaxInt32 - 4
	f.began(p.producer.ID, p.next)
	docs := outputtest.Docs(30)
	for _, part := range [][]event.Doc{docs[:10], docs[10:20], docs[20:]} {
		f.answerFor("logs", 0, 0)
		if err := send(t, o, part); err != nil {
			t.Fatal(err)
		}
	}
	b := f.batches()
	if len(b) != 3 || b[1].batch.Sequence != 5 || b[2].batch.Sequence != 15 {
		t.Errorf("got %d batches, the second and third at %d and %d; want 5 and 15", len(b), b[1].batch.Sequence, b[2].batch.Sequence)
	}
	wantCount(t, "producer ids", o.metrics.producers, 1)
}

// An answer that names another partition says nothing of ours.
func TestAnswerAboutSomethingElse(t *testing.T) {
	for _, c := range []struct {
		name      string
		topic     string
		partition int32
	}{{"another topic", "others", 0}, {"another partition", "logs", 1}} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			o := f.start(oneTopic)
			docs := outputtest.Docs(5)
			f.answerFor(c.topic, c.partition, 0)
			if err := send(t, o, docs); err == nil {
				t.Error("send: got no error")
			}
			if err := send(t, o, docs); err != nil {
				t.Fatal(err)
			}
			wantStored(t, f, docs)
		})
	}
}
