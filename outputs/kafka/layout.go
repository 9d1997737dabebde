package kafka

import (
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go/protocol/metadata"
)

// layout is what the brokers last said of themselves. It is immutable.
type layout struct {
	brokers    map[int32]string // addresses
	controller int32
	topics     map[string]topicLayout
	at         time.Time
}

// topicLayout is what they said of a topic.
type topicLayout struct {
	code    int16   // an error, or 0
	leaders []int32 // by partition; -1 has none
}

var (
	errNoPartition = errors.New("the topic has no such partition")
	errNoLeader    = errors.New("the partition has no leader at the moment")
)

// leader is the address of a partition's leader.
func (l *layout) leader(topic string, partition int32) (string, error) {
	t, ok := l.topics[topic]
	if !ok || partition < 0 || int(partition) >= len(t.leaders) {
		return "", errNoPartition
	}
	address, ok := l.brokers[t.leaders[partition]]
	if !ok {
		return "", errNoLeader
	}
	return address, nil
}

// readLayout makes a layout of an answer.
func readLayout(m *metadata.Response, now time.Time) *layout {
	l := &layout{brokers: map[int32]string{}, controller: m.ControllerID, topics: map[string]topicLayout{}, at: now}
	for _, b := range m.Brokers {
		l.brokers[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	for _, t := range m.Topics {
		made := topicLayout{code: t.ErrorCode, leaders: make([]int32, len(t.Partitions))}
		for i := range made.leaders {
			made.leaders[i] = -1
		}
		for _, p := range t.Partitions {
			if p.PartitionIndex >= 0 && int(p.PartitionIndex) < len(made.leaders) {
				made.leaders[p.PartitionIndex] = p.LeaderID
			}
		}
		l.topics[t.Name] = made
	}
	return l
}
