package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// saying is what an error of Send says, in a word.
func saying(err error) string {
	var partial *outputs.Partial
	if errors.As(err, &partial) {
		return fmt.Sprintf("%d documents: answer %d", len(partial.Failed), partial.Failed[0].Answer)
	}
	return [...]string{"again", "partial", "pause", "poison", "person", "too large"}[kindOf(err)]
}

func TestErrorTable(t *testing.T) {
	person := fmt.Sprintf("3 documents: answer %d", outputs.NeedConfig)
	for _, c := range []struct {
		err  *kerr.Error
		want string
	}{
		{kerr.UnknownServerError, "again"},
		{kerr.LeaderNotAvailable, "again"},
		{kerr.NotLeaderForPartition, "again"},
		{kerr.RequestTimedOut, "again"},
		{kerr.BrokerNotAvailable, "again"},
		{kerr.ReplicaNotAvailable, "again"},
		{kerr.NetworkException, "again"},
		{kerr.NotEnoughReplicas, "again"},
		{kerr.NotEnoughReplicasAfterAppend, "again"},
		{kerr.KafkaStorageError, "again"},
		{kerr.UnknownTopicOrPartition, "again"},
		{kerr.FencedLeaderEpoch, "again"},
		{kerr.MessageTooLarge, "too large"},
		{kerr.RecordListTooLarge, "too large"},
		{kerr.InvalidRecord, person},
		{kerr.InvalidTimestamp, "person"},
		{kerr.InvalidTopicException, person},
		{kerr.TopicAuthorizationFailed, person},
		{kerr.InvalidRequiredAcks, "person"},
		{kerr.ClusterAuthorizationFailed, "person"},
		{kerr.UnsupportedSaslMechanism, "person"},
		{kerr.IllegalSaslState, "person"},
		{kerr.UnsupportedVersion, "person"},
		{kerr.InvalidConfig, "person"},
		{kerr.PolicyViolation, "person"},
		{kerr.SaslAuthenticationFailed, "person"},
		{kerr.UnsupportedCompressionType, "person"},
		{kerr.ThrottlingQuotaExceeded, "pause"},
	} {
		t.Run(c.err.Message, func(t *testing.T) {
			f := newFake(t)
			o := f.start(oneTopic)
			if err := send(t, o, outputtest.Docs(1)); err != nil {
				t.Fatal(err)
			}
			f.answerWith(c.err, 1)
			docs := outputtest.DocsFrom(1, 3)
			err := send(t, o, docs)
			if err == nil || saying(err) != c.want {
				t.Errorf("send: got %v (%s), want %s", err, saying(err), c.want)
			}
			if err := send(t, o, docs); err != nil { // whatever it was, it is over
				t.Fatalf("send again: %v", err)
			}
			wantStored(t, f, outputtest.Docs(4))
			wantCount(t, "producer ids", o.metrics.producers, 1)
		})
	}
}

func TestCorruptOnceThenInTwo(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	f.answerWith(kerr.CorruptMessage, 2)
	docs := outputtest.Docs(2)
	if err := send(t, o, docs); err == nil || saying(err) != "again" {
		t.Errorf("the first time: got %v, want an error that means again", err)
	}
	if err := send(t, o, docs); !errors.Is(err, outputs.ErrTooLarge) {
		t.Errorf("the second time: got %v, want ErrTooLarge", err)
	}
}

func TestRefusedRecords(t *testing.T) {
	for _, c := range []struct {
		name    string
		key     string
		count   int
		refused []int32
		want    string
		stored  []int
	}{
		{"some of them are poison, the rest is stored", "", 5, []int32{1, 3}, "2 documents: answer 1", []int{0, 2, 4}},
		{"all of them, and there is no key: a person must act", "", 3, []int32{0, 1, 2}, "3 documents: answer 2", nil},
		{"none is named, and there is no key: a person must act", "", 3, nil, "3 documents: answer 2", nil},
		{"all of them, with a key: in two", "${seq}", 3, []int32{0, 1, 2}, "too large", nil},
		{"one alone, with a key: poison", "${seq}", 1, []int32{0}, "poison", nil},
		{"what is no index is not believed", "${seq}", 3, []int32{-1, 7}, "too large", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			o := f.start(func(k *Config) {
				oneTopic(k)
				if c.key != "" {
					k.Key = template(t, c.key)
				}
			})
			docs := outputtest.Docs(c.count)
			f.refuseRecords(c.refused...)
			if err := send(t, o, docs); err == nil || saying(err) != c.want {
				t.Errorf("send: got %v (%s), want %s", err, saying(err), c.want)
			}
			var want []string
			for _, i := range c.stored {
				want = append(want, string(docs[i].JSON))
			}
			if got := f.stored(); !slices.Equal(got, want) {
				t.Errorf("stored: got %q, want %q", got, want)
			}
			wantCount(t, "possible repeats", o.metrics.repeats, 0)
		})
	}
}

// The rest of a batch with poison in it is a batch like others: without an
// answer it is sent again as it was.
func TestRestWithoutAnAnswer(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.Docs(5)
	f.refuseRecords(1)
	f.answerWith(kerr.RequestTimedOut, 1)
	var partial *outputs.Partial
	if err := send(t, o, docs); !errors.As(err, &partial) || len(partial.Failed) != 5 {
		t.Fatalf("send: got %v, want all five", err)
	}
	for i, f := range partial.Failed {
		want := outputs.Retry
		if i == 1 {
			want = outputs.Poison
		}
		if f.Index != i || f.Answer != want {
			t.Errorf("document %d: got %+v, want %d", i, f, want)
		}
	}
	rest := slices.Delete(slices.Clone(docs), 1, 2)
	if err := send(t, o, rest); err != nil {
		t.Fatal(err)
	}
	wantStored(t, f, rest)
	wantCount(t, "possible repeats", o.metrics.repeats, 0)
}

func TestLeaderMoves(t *testing.T) {
	f := newFake(t, kfake.NumBrokers(3))
	o := f.start(oneTopic)
	docs := outputtest.Docs(40)
	for k := range 4 {
		if k > 0 {
			if err := f.MoveTopicPartition("logs", 0, (f.LeaderFor("logs", 0)+1)%3); err != nil {
				t.Fatal(err)
			}
		}
		if err := send(t, o, docs[k*10:k*10+10]); err != nil { // no second call is needed
			t.Fatal(err)
		}
	}
	wantStored(t, f, docs)
	wantCount(t, "producer ids", o.metrics.producers, 1)
}

func TestBatchOverItsLimitIsNotSent(t *testing.T) {
	f := newFake(t)
	o := f.start(func(c *Config) { oneTopic(c); c.Compression, c.MaxBatchSize = "none", 1024 })
	if err := send(t, o, outputtest.Docs(20)); !errors.Is(err, outputs.ErrTooLarge) {
		t.Errorf("send: got %v, want ErrTooLarge", err)
	}
	if n := len(f.batches()); n != 0 {
		t.Errorf("got %d batches", n)
	}
	if err := send(t, o, outputtest.Docs(2)); err != nil {
		t.Error(err)
	}
}

// A topic that refused a size is not asked for a larger one, but decides of
// each document alone.
func TestRefusedSizeIsRemembered(t *testing.T) {
	f := newFake(t)
	o := f.start(func(c *Config) { oneTopic(c); c.Compression = "none" })
	f.answerWith(kerr.MessageTooLarge, 1)
	if err := send(t, o, outputtest.Docs(10)); !errors.Is(err, outputs.ErrTooLarge) {
		t.Errorf("send: got %v, want ErrTooLarge", err)
	}
	before := len(f.batches())
	if err := send(t, o, outputtest.Docs(20)); !errors.Is(err, outputs.ErrTooLarge) || len(f.batches()) != before {
		t.Errorf("send more: got %v and %d batches, want ErrTooLarge without one", err, len(f.batches())-before)
	}
	long := outputtest.Docs(1)
	long[0].JSON = fmt.Appendf(nil, `{"message":%q}`, make([]byte, 3000))
	if err := send(t, o, long); err != nil {
		t.Errorf("send one alone: %v", err)
	}
}

func TestQuota(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	if err := send(t, o, outputtest.Docs(1)); err != nil {
		t.Fatal(err)
	}
	f.answerFor("logs", 0, 1500)
	if err := send(t, o, outputtest.DocsFrom(1, 1)); err != nil { // taken, with a pause after it
		t.Fatal(err)
	}
	err := send(t, o, outputtest.DocsFrom(2, 1))
	var pause *outputs.Throttled
	if !errors.As(err, &pause) || pause.After <= 0 || pause.After > 1500*time.Millisecond {
		t.Errorf("send within the pause: got %v (%+v), want a pause of 1.5 s at most", err, pause)
	}
	if n := len(f.batches()); n != 2 {
		t.Errorf("got %d batches, want none within the pause", n)
	}
}

func TestPauseIsBounded(t *testing.T) {
	var p pause
	now := time.Unix(1000, 0)
	p.ask(now.Add(time.Hour))
	p.ask(now.Add(time.Second)) // does not shorten it
	if got := p.left(now); got != maxPause {
		t.Errorf("got %v, want %v", got, maxPause)
	}
	if got := p.left(now.Add(2 * time.Hour)); got != 0 {
		t.Errorf("after its end: got %v, want 0", got)
	}
}

// Whatever goes wrong on the way, each document is there once in the end.
func TestTroubleOfAllKinds(t *testing.T) {
	f := newFake(t, kfake.NumBrokers(3), kfake.DefaultNumPartitions(6))
	o := f.start(func(c *Config) { oneTopic(c); c.MaxRequestSize = 16 << 10 })
	know(t, o)
	for i, e := range []*kerr.Error{
		kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend, kerr.NotEnoughReplicas, kerr.LeaderNotAvailable,
		kerr.NetworkException, kerr.KafkaStorageError, kerr.UnknownTopicOrPartition,
	} {
		n := 0
		f.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: 12, When: func(kmsg.Request) bool { n++; return n%(5+i) == 0 }})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stop := make(chan struct{})
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		tick := time.NewTicker(30 * time.Millisecond)
		defer tick.Stop()
		for k := range 45 { // more than the last requests could use up
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			switch k % 3 {
			case 0:
				f.ShufflePartitionLeaders()
			case 1:
				f.half.Add(1)
			case 2:
				f.cut(1)
			}
		}
	}()
	docs := outputtest.Docs(20_000)
	d := outputtest.Deliver(ctx, t, o, docs)
	close(stop)
	<-moved
	f.half.Store(0)
	t.Logf("%d requests, %d not taken; last %v", d.Tries, d.Fails, d.Last)
	got := f.stored()
	want := map[string]bool{}
	for i := range docs {
		want[string(docs[i].JSON)] = true
	}
	twice := 0
	for _, text := range got {
		if !want[text] {
			twice++
		}
		delete(want, text)
	}
	if twice > 0 {
		t.Errorf("got %d documents that are there twice", twice)
	}
	if len(want) > 0 || len(d.Dead) > 0 || d.Fails < 20 {
		t.Errorf("got %d lost, %d dead letters, %d failures; want none lost in at least 20", len(want), len(d.Dead), d.Fails)
	}
	wantCount(t, "possible repeats", o.metrics.repeats, 0)
}
