package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/kafka/recordbatch"
	"github.com/renthub/sluice/outputs/kafka/recordbatch/strict"
	"github.com/renthub/sluice/outputs/outputtest"
)

// fake is a broker, or several, with a strict look at what comes in.
type fake struct {
	*kfake.Cluster
	t       *testing.T
	garbage atomic.Int32 // writes to be replaced by garbage
	half    atomic.Int32 // writes to be cut in the middle

	mu    sync.Mutex
	sent  []sent          // guarded by mu
	first map[int64]int32 // the first sequence of producers, if it is not 0; guarded by mu
}

// sent is a batch as it came in.
type sent struct {
	place
	bytes []byte
	batch *strict.Batch
}

func newFake(t *testing.T, options ...kfake.Opt) *fake {
	t.Helper()
	f := &fake{t: t}
	cluster, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.DefaultNumPartitions(1),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			l, err := net.Listen(network, address)
			return &spoiledListener{l, f}, err
		}),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	f.Cluster = cluster
	t.Cleanup(cluster.Close)
	f.ControlKey(kmsg.Produce.Int16(), f.look)
	return f
}

// look checks each batch and lets the broker go on.
func (f *fake) look(req kmsg.Request) (kmsg.Response, error, bool) {
	r := req.(*kmsg.ProduceRequest)
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Acks != -1 || r.TransactionID != nil || r.TimeoutMillis < 1 {
		f.t.Errorf("produce request: acks %d, transaction %v, timeout %d ms", r.Acks, r.TransactionID, r.TimeoutMillis)
	}
	for _, topic := range r.Topics {
		for _, p := range topic.Partitions {
			b, err := strict.Decode(p.Records)
			if err != nil {
				f.t.Errorf("batch for %s/%d: %v", topic.Topic, p.Partition, err)
				continue
			}
			s := sent{place{topic.Topic, p.Partition}, bytes.Clone(p.Records), b}
			if err := f.follows(s); err != nil {
				f.t.Errorf("batch for %s/%d: %v", topic.Topic, p.Partition, err)
			}
			f.sent = append(f.sent, s)
		}
	}
	return nil, nil, false
}

// follows checks that a batch is the one before it of its producer, sent
// again, or the next one.
func (f *fake) follows(s sent) error {
	if s.batch.Producer < 0 || s.batch.LeaderEpoch != -1 || s.batch.BaseOffset != 0 {
		return fmt.Errorf("producer %d, leader epoch %d, base offset %d", s.batch.Producer, s.batch.LeaderEpoch, s.batch.BaseOffset)
	}
	for i := len(f.sent) - 1; i >= 0; i-- {
		was := f.sent[i]
		if was.place != s.place || was.batch.Producer != s.batch.Producer {
			continue
		}
		switch s.batch.Sequence {
		case was.batch.Sequence: // a batch that was refused may come in another shape; tests of those that were not look themselves
			return nil
		case recordbatch.NextSequence(was.batch.Sequence, len(was.batch.Records)):
			return nil
		}
		return fmt.Errorf("sequence %d after %d of %d records", s.batch.Sequence, was.batch.Sequence, len(was.batch.Records))
	}
	if s.batch.Sequence != f.first[s.batch.Producer] {
		return fmt.Errorf("a new producer begins with sequence %d", s.batch.Sequence)
	}
	return nil
}

// began lets a producer begin with another sequence than 0.
func (f *fake) began(producer int64, sequence int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first = map[int64]int32{producer: sequence}
}

// answerFor answers the next produce request as if it had been for another
// partition, and stores nothing.
func (f *fake) answerFor(topic string, partition int32, throttle int32) {
	f.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		answer := req.ResponseKind().(*kmsg.ProduceResponse)
		t, p := kmsg.NewProduceResponseTopic(), kmsg.NewProduceResponseTopicPartition()
		t.Topic, p.Partition = topic, partition
		t.Partitions = append(t.Partitions, p)
		answer.Topics = append(answer.Topics, t)
		answer.ThrottleMillis = throttle
		return answer, nil, true
	})
}

// batches are those that came in so far.
func (f *fake) batches() []sent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]sent(nil), f.sent...)
}

// answerWith makes the broker answer the next produce requests with an error.
func (f *fake) answerWith(e *kerr.Error, count int) {
	f.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: count})
}

// cut makes the broker close the connection on the next produce requests. With
// after, the batches are stored first.
func (f *fake) cut(count int) {
	for range count {
		f.ControlKey(kmsg.Produce.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
			return nil, errors.New("cut"), true
		})
	}
}

// refuseRecords answers the next produce request with an error for records.
func (f *fake) refuseRecords(offsets ...int32) {
	f.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r := req.(*kmsg.ProduceRequest)
		answer := r.ResponseKind().(*kmsg.ProduceResponse)
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic = r.Topics[0].Topic
		p := kmsg.NewProduceResponseTopicPartition()
		p.Partition, p.ErrorCode = r.Topics[0].Partitions[0].Partition, kerr.InvalidRecord.Code
		for _, o := range offsets {
			e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
			text := "this record is not to our taste"
			e.RelativeOffset, e.ErrorMessage = o, &text
			p.ErrorRecords = append(p.ErrorRecords, e)
		}
		topic.Partitions = append(topic.Partitions, p)
		answer.Topics = append(answer.Topics, topic)
		return answer, nil, true
	})
}

// hang leaves the next produce request without an answer.
func (f *fake) hang() {
	f.ControlKey(kmsg.Produce.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) { return nil, nil, true })
}

// records reads all that is stored with a client of other hands.
func (f *fake) records() []*kgo.Record {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.ListenAddrs()...), kgo.ConsumeRegex(), kgo.ConsumeTopics(".*"),
		kgo.MetadataMinAge(10*time.Millisecond), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		f.t.Fatal(err)
	}
	defer client.Close()
	left := f.ends(ctx, client)
	var list []*kgo.Record
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			f.t.Fatalf("read back: %v, %d records missing", err, left)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			list = append(list, r)
			left--
		})
	}
	return list
}

// ends counts the records stored.
func (f *fake) ends(ctx context.Context, client *kgo.Client) int {
	meta, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, client)
	if err != nil {
		f.t.Fatal(err)
	}
	req, total := kmsg.NewPtrListOffsetsRequest(), 0
	for _, m := range meta.Topics {
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic = *m.Topic
		for _, p := range m.Partitions {
			part := kmsg.NewListOffsetsRequestTopicPartition()
			part.Partition, part.Timestamp = p.Partition, -1
			topic.Partitions = append(topic.Partitions, part)
		}
		req.Topics = append(req.Topics, topic)
	}
	if len(req.Topics) == 0 {
		return 0
	}
	answer, err := req.RequestWith(ctx, client)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			total += int(p.Offset)
		}
	}
	return total
}

// stored are the documents stored.
func (f *fake) stored() []string {
	var docs []string
	for _, r := range f.records() {
		docs = append(docs, string(r.Value))
	}
	return docs
}

// open opens an output of the fake.
func (f *fake) open(d outputs.Deps, change func(*Config)) *Output {
	f.t.Helper()
	c := defaults()
	c.Endpoints = f.ListenAddrs()
	c.Timeout = c.Timeout / 6
	if change != nil {
		change(&c)
	}
	o, err := open(c, d)
	if err != nil {
		f.t.Fatalf("open: %v", err)
	}
	return o.(*Output)
}

// start opens an output and closes it at the test's end.
func (f *fake) start(change func(*Config)) *Output {
	o := f.open(outputtest.Deps(f.t), change)
	f.t.Cleanup(func() {
		if err := o.Close(); err != nil {
			f.t.Errorf("close: %v", err)
		}
	})
	return o
}

// oneTopic lets all documents go to one topic.
func oneTopic(c *Config) { c.Topic = expr.Literal("logs") }

func send(t *testing.T, o *Output, docs []event.Doc) error {
	t.Helper()
	return sendTo(t, o, "", docs)
}

func sendTo(t *testing.T, o *Output, target string, docs []event.Doc) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := outputtest.Request(t, o, docs)
	r.Target = target
	err := o.Send(ctx, r)
	outputtest.Poison(r)
	return err
}

// spoiledListener makes connections whose writes can be spoiled.
type spoiledListener struct {
	net.Listener
	f *fake
}

func (l *spoiledListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &spoiledConn{c, l.f}, err
}

type spoiledConn struct {
	net.Conn
	f *fake
}

func (c *spoiledConn) Write(p []byte) (int, error) {
	switch {
	case c.f.garbage.Load() > 0:
		c.f.garbage.Add(-1)
		_, _ = c.Conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nwhat is this?"))
		return 0, errors.Join(errors.New("spoiled"), c.Conn.Close())
	case c.f.half.Load() > 0:
		c.f.half.Add(-1)
		_, _ = c.Conn.Write(p[:len(p)/2])
		return 0, errors.Join(errors.New("spoiled"), c.Conn.Close())
	}
	return c.Conn.Write(p)
}

func template(t *testing.T, text string) *expr.Template {
	t.Helper()
	made, err := parseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
