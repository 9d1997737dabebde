package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
)

// broker is the one node of a Kafka cluster: just enough of it to produce to.
type broker struct {
	form *kafkaForm
	sink *sink

	mu       sync.Mutex
	listener net.Listener          // guarded by mu
	conns    map[net.Conn]struct{} // guarded by mu
	shut     bool                  // guarded by mu
	serving  sync.WaitGroup
}

const (
	partitions   = 6 // of each topic
	maxFrame     = 64 << 20
	unknownTopic = 3 // error codes
	outOfOrder   = 45
)

func newBroker(f *kafkaForm, s *sink) *broker {
	return &broker{form: f, sink: s, conns: map[net.Conn]struct{}{}}
}

// Serve implements service.
func (b *broker) Serve(l net.Listener) error {
	b.mu.Lock()
	b.listener = l
	b.mu.Unlock()
	for {
		c, err := l.Accept()
		if err != nil || !b.admit(c) {
			b.serving.Wait()
			return err
		}
		go func() {
			defer b.serving.Done()
			defer b.dismiss(c)
			err := b.converse(c)
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !b.isShut() {
				b.sink.problem(err)
			}
		}()
	}
}

func (b *broker) admit(c net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut {
		c.Close()
		return false
	}
	b.conns[c] = struct{}{}
	b.serving.Add(1)
	return true
}

func (b *broker) dismiss(c net.Conn) {
	c.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

func (b *broker) isShut() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shut
}

// Shutdown implements service: reading ends, and what was read is answered.
func (b *broker) Shutdown(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut = true
	for c := range b.conns {
		c.SetReadDeadline(time.Unix(1, 0))
	}
	if b.listener == nil {
		return nil
	}
	return b.listener.Close()
}

// Close implements service.
func (b *broker) Close() error { return b.Shutdown(context.Background()) }

// converse answers the requests of one connection, and returns why it ended.
func (b *broker) converse(c net.Conn) error {
	for {
		frame, err := readFrame(c)
		if err != nil {
			return err
		}
		at := time.Now()
		key, version := protocol.ApiKey(binary.BigEndian.Uint16(frame[4:])), int16(binary.BigEndian.Uint16(frame[6:]))
		id := int32(binary.BigEndian.Uint32(frame[8:]))
		var answer protocol.Message
		if key == protocol.Produce { // by hand: kafka-go would inflate it now
			answer, err = b.store(frame, at)
		} else {
			answer, err = b.answer(frame)
		}
		if err != nil {
			return fmt.Errorf("answer a %v request of version %d: %w", key, version, err)
		}
		if err := protocol.WriteResponse(c, version, id, answer); err != nil {
			return err
		}
	}
}

// readFrame reads a request with its size before it.
func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 10 || n > maxFrame {
		return nil, fmt.Errorf("a request of %d bytes", n)
	}
	frame := append(make([]byte, 0, 4+n), size[:]...)[:4+n]
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

// answer is for all that is not produced.
func (b *broker) answer(frame []byte) (protocol.Message, error) {
	_, _, _, msg, err := protocol.ReadRequest(bytes.NewReader(frame))
	if err != nil {
		return nil, err
	}
	switch r := msg.(type) {
	case *apiversions.Request:
		return spoken(), nil
	case *metadata.Request:
		return b.layout(r)
	case *createtopics.Request:
		return b.create(r), nil
	case *initproducerid.Request:
		b.form.mu.Lock()
		defer b.form.mu.Unlock()
		b.form.ids++
		return &initproducerid.Response{ProducerID: b.form.ids}, nil
	}
	return nil, errors.New("this broker does not know them")
}

// spoken are the requests that this broker knows.
func spoken() *apiversions.Response {
	r := &apiversions.Response{}
	for key, newest := range map[protocol.ApiKey]int16{
		protocol.Produce: 8, protocol.Metadata: 8, protocol.ApiVersions: 0, protocol.CreateTopics: 4, protocol.InitProducerId: 1,
	} {
		low := int16(0)
		if key == protocol.Produce {
			low = 3
		}
		r.ApiKeys = append(r.ApiKeys, apiversions.ApiKeyResponse{ApiKey: int16(key), MinVersion: low, MaxVersion: newest})
	}
	return r
}

// layout tells of the topics that are asked for.
func (b *broker) layout(r *metadata.Request) (protocol.Message, error) {
	at, err := netip.ParseAddrPort(b.sink.addr)
	if err != nil {
		return nil, err
	}
	node := metadata.ResponseBroker{NodeID: 1, Host: at.Addr().String(), Port: int32(at.Port())}
	answer := &metadata.Response{Brokers: []metadata.ResponseBroker{node}, ClusterID: "bench", ControllerID: 1}
	b.form.mu.Lock()
	defer b.form.mu.Unlock()
	for _, name := range r.TopicNames {
		topic := metadata.ResponseTopic{Name: name}
		if !b.form.topics[name] {
			topic.ErrorCode = unknownTopic
		}
		for i := range int32(partitions) {
			topic.Partitions = append(topic.Partitions, metadata.ResponsePartition{PartitionIndex: i, LeaderID: 1, ReplicaNodes: []int32{1}, IsrNodes: []int32{1}})
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer, nil
}

func (b *broker) create(r *createtopics.Request) protocol.Message {
	answer := &createtopics.Response{}
	b.form.mu.Lock()
	defer b.form.mu.Unlock()
	for _, t := range r.Topics {
		b.form.topics[t.Name] = true
		answer.Topics = append(answer.Topics, createtopics.ResponseTopic{Name: t.Name})
	}
	return answer
}

// store keeps the batches of a produce request.
func (b *broker) store(frame []byte, at time.Time) (protocol.Message, error) {
	answer := &produce.Response{}
	err := eachBatch(frame[12:], func(topic string, partition int32, batch []byte) error {
		p := produce.ResponsePartition{Partition: partition}
		count, err := batchCount(batch)
		if err != nil {
			return err
		}
		switch fresh, err := b.form.isNew(topic, partition, batch, count); {
		case err != nil:
			p.ErrorCode, p.ErrorMessage = outOfOrder, err.Error()
		case fresh:
			b.sink.keep(body{at: at, sent: batch}, int(count))
		}
		answer.Topics = append(answer.Topics, produce.ResponseTopic{Topic: topic, Partitions: []produce.ResponsePartition{p}})
		return nil
	})
	return answer, err
}
