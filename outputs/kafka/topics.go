package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/renthub/sluice/outputs"
)

// layoutLimit is the age at which the layout is asked for again, to learn of
// new partitions.
const layoutLimit = 5 * time.Minute

// patience is for how long a topic may be missing, or a broker may say so,
// before a person should look.
const patience = 2 * time.Minute

var errMissing = errors.New("the topic does not exist")

// ready makes sure that a topic is there and its partitions are known.
func (o *Output) ready(ctx context.Context, t *topic) error {
	seen := o.cluster.layout.Load()
	if o.isKnown(t, seen) && o.now().Sub(seen.at) < layoutLimit {
		return nil
	}
	if err := o.learn(ctx, seen); err != nil {
		if o.isKnown(t, seen) { // what was known still serves
			return nil
		}
		return o.broken(err)
	}
	return o.await(ctx, t)
}

// await waits until the brokers know a topic, and makes it if it is missing.
func (o *Output) await(ctx context.Context, t *topic) error {
	made := false
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		seen := o.cluster.layout.Load()
		have, asked := seen.topics[t.name]
		switch {
		case !asked: // it was not known when the layout was asked for
		case have.code == 0 && len(have.leaders) > 0:
			return nil
		case have.code == int16(kafka.UnknownTopicOrPartition) && o.config.CreateTopics && !made:
			if err := o.create(ctx, t); err != nil {
				return err
			}
			made = true
		case have.code == int16(kafka.UnknownTopicOrPartition) && !made:
			return errMissing
		case have.code == int16(kafka.UnknownTopicOrPartition), have.code == int16(kafka.LeaderNotAvailable), have.code == 0: // brokers learn of a new topic one by one
		default:
			return kafka.Error(have.code)
		}
		if wait > time.Second {
			return fmt.Errorf("wait for topic %s: %w", t.name, errMissing)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		if err := o.learn(ctx, seen); err != nil {
			return o.broken(err)
		}
	}
}

// isKnown reports whether a layout has a topic's partitions.
func (o *Output) isKnown(t *topic, l *layout) bool {
	have, ok := l.topics[t.name]
	return ok && have.code == 0 && len(have.leaders) > 0
}

// learn asks for the layout again, unless it has changed since seen, and tells
// the topics their partitions.
func (o *Output) learn(ctx context.Context, seen *layout) error {
	if err := o.cluster.refresh(ctx, seen); err != nil {
		return err
	}
	l := o.cluster.layout.Load()
	for name, t := range o.names.all() {
		have := l.topics[name]
		if n := len(have.leaders); have.code == 0 && n > 0 {
			t.partitions.Store(int32(n))
			t.missing.Store(0)
		}
	}
	return nil
}

// create makes a topic with the retention of its class. Of a topic that is
// there already nothing is changed.
func (o *Output) create(ctx context.Context, t *topic) error {
	answer, err := o.client.CreateTopics(ctx, o.creation(t))
	if err != nil {
		return o.broken(fmt.Errorf("create topic %s: %w", t.name, err))
	}
	told, answered := answer.Errors[t.name]
	switch {
	case !answered:
		return fmt.Errorf("create topic %s: %w", t.name, errAnswerBroken)
	case errors.Is(told, kafka.TopicAlreadyExists):
		return nil
	case told != nil:
		return fmt.Errorf("create topic %s: %w", t.name, told)
	}
	o.metrics.topics.Inc()
	o.logger.Info("topic created", "output", o.name, "topic", t.name, "retention_ms", retentionValue(t.keep))
	return nil
}

// creation is the request that makes a topic.
func (o *Output) creation(t *topic) *kafka.CreateTopicsRequest {
	c := kafka.TopicConfig{
		Topic: t.name, NumPartitions: o.config.Partitions, ReplicationFactor: o.config.ReplicationFactor,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: retentionKey, ConfigValue: retentionValue(t.keep)}},
	}
	if c.NumPartitions == 0 {
		c.NumPartitions = -1
	}
	if c.ReplicationFactor == 0 {
		c.ReplicationFactor = -1
	}
	return &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{c}}
}

// retentionKey is how Kafka calls the time that a topic keeps its records.
const retentionKey = "retention.ms"

// retentionValue is a time as Kafka writes it; -1 is for ever.
func retentionValue(keep time.Duration) string {
	if keep == 0 {
		return "-1"
	}
	return strconv.FormatInt(keep.Milliseconds(), 10)
}

// unready is what Send returns for documents whose topic cannot be used. Only
// this topic is in trouble, so a person is asked for it alone.
func (o *Output) unready(t *topic, docs group, err error) error {
	var code kafka.Error
	var config *outputs.Misconfigured
	switch {
	case errors.As(err, &config):
		return err
	case errors.As(err, &code) && code != kafka.UnknownTopicOrPartition && (needsPerson(code) || ofOneTopic(code)):
		return ofTopic(docs, fmt.Errorf("use topic %s: %w", t.name, err))
	case errors.Is(err, errMissing) || errors.Is(err, kafka.UnknownTopicOrPartition):
		now := o.now().UnixNano()
		t.missing.CompareAndSwap(0, now)
		if !o.config.CreateTopics && now-t.missing.Load() >= int64(patience) {
			return ofTopic(docs, fmt.Errorf("use topic %s: %w", t.name, err))
		}
	}
	return fmt.Errorf("use topic %s: %w", t.name, err)
}

// ofOneTopic reports whether a code is about a topic that cannot be made or
// used as the config says.
func ofOneTopic(code kafka.Error) bool {
	switch code {
	case kafka.InvalidTopic, kafka.TopicAuthorizationFailed, kafka.InvalidPartitionNumber, kafka.InvalidReplicationFactor:
		return true
	}
	return false
}

// batchLimit is the size that a batch to a topic can have. What the broker once
// refused only divides batches: a document alone is a dead letter by the
// broker's own word, since a topic's limit can be raised.
func (o *Output) batchLimit(t *topic, docs group) int {
	limit := int(o.config.MaxBatchSize)
	if refused := int(t.tooLarge.Load()); refused > 0 && docs.len() > 1 {
		limit = min(limit, refused)
	}
	return limit
}

// learnSize remembers that a topic takes no batch of that size, so that the
// next one is not sent in vain.
func (o *Output) learnSize(t *topic, size int) {
	for {
		have := t.tooLarge.Load()
		if have != 0 && have <= int64(size) || t.tooLarge.CompareAndSwap(have, int64(size)) {
			return
		}
	}
}
