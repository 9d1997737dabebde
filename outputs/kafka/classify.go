package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/segmentio/kafka-go"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Codes of Kafka's protocol that kafka-go has no name for.
const throttlingQuotaExceeded kafka.Error = 89

// judge says what an answer means. The table:
//
//	0, 46                        stored (46: and it was before)
//	45, 47, 59                   the broker does not know our sequence: a new producer id
//	10, 18                       too large: in two, and one alone is a dead letter
//	87                           the records that are named are dead letters
//	2                            once more, then in two
//	32                           our clock is wrong: a person must act
//	17, 29                       of this topic: a person must act
//	21, 31, 33-35, 40, 44, 58... a person must act
//	89                           a pause
//	all others                   again: 20 and 7 are stored on the leader, and the
//	                             same bytes are known there
func (o *Output) judge(ctx context.Context, t *topic, p *partition, b *batch, docs group, seen *layout, answer *kafka.ProduceResponse) error {
	if answer.Error == nil {
		o.stored(p, b)
		return nil
	}
	code := kafka.Unknown
	errors.As(answer.Error, &code)
	err := fmt.Errorf("produce to partition %d of %s: %w", p.partition, p.topic, answer.Error)
	switch code {
	case kafka.DuplicateSequenceNumber:
		o.metrics.duplicates.Inc()
		o.stored(p, b)
		return nil
	case kafka.OutOfOrderSequenceNumber, kafka.InvalidProducerEpoch, kafka.UnknownProducerId:
		if failed := o.renew(ctx, p, b); failed != nil {
			return failed
		}
		return &again{err: err}
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		o.learnSize(t, len(b.bytes)-frameSize)
		o.refused(p)
		return fmt.Errorf("%w: %w", outputs.ErrTooLarge, err)
	case kafka.InvalidRecord:
		return o.invalid(p, docs, recordErrors(answer, docs.len()), err)
	case kafka.InvalidMessage:
		if b.corrupt++; b.corrupt > 1 {
			o.refused(p)
			return fmt.Errorf("%w: %w", outputs.ErrTooLarge, err)
		}
		return err
	case kafka.InvalidTimestamp:
		o.refused(p) // the next try has a time of its own
		return &outputs.Misconfigured{Err: fmt.Errorf("%w: the clock of this machine or of the broker is wrong", err)}
	case kafka.InvalidTopic, kafka.TopicAuthorizationFailed:
		return ofTopic(docs, err)
	case throttlingQuotaExceeded:
		return &outputs.Throttled{After: answer.Throttle, Err: err}
	}
	if needsPerson(code) {
		return &outputs.Misconfigured{Err: err}
	}
	b.unknown(docs)
	if o.learn(ctx, seen) == nil && o.moved(p.place, seen) {
		return &again{err: err}
	}
	return err
}

// invalid is for a batch of which the broker refuses records by their content.
// Ours can be refused for one thing alone: a compacted topic wants keys.
func (o *Output) invalid(p *partition, docs group, bad []outputs.Failure, err error) error {
	o.refused(p)
	switch {
	case len(bad) > 0 && len(bad) < docs.len():
		return &again{err: err, without: bad}
	case o.config.Key == nil:
		// Every document would be refused: a stream must not become dead
		// letters.
		return ofTopic(docs, fmt.Errorf("%w: is the topic compacted? Then set key", err))
	case docs.len() == 1:
		return &outputs.Poisoned{Err: err}
	}
	return fmt.Errorf("%w: %w", outputs.ErrTooLarge, err) // in two, until it stands alone
}

// ofTopic is an error that a person must see to, of one topic alone.
func ofTopic(docs group, err error) error {
	return &outputs.Partial{Failed: same(docs, outputs.NeedConfig, err)}
}

// needsPerson reports whether all that is sent would be answered so.
func needsPerson(code kafka.Error) bool {
	switch code {
	case kafka.InvalidRequiredAcks, kafka.ClusterAuthorizationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState,
		kafka.UnsupportedVersion, kafka.InvalidConfiguration, kafka.PolicyViolation, kafka.SASLAuthenticationFailed,
		kafka.UnsupportedCompressionType, kafka.TransactionalIDAuthorizationFailed, kafka.UnsupportedForMessageFormat:
		return true
	}
	return false
}

// broken is the error of a request that was not answered, or not made.
func (o *Output) broken(err error) error {
	var (
		certificate *tls.CertificateVerificationError
		notTLS      tls.RecordHeaderError
		remote      *net.OpError
		old         *unsupported
		code        kafka.Error
	)
	switch {
	case errors.Is(err, outputs.ErrTooLarge):
		return err
	case errors.As(err, &certificate), errors.As(err, &old):
		return &outputs.Misconfigured{Err: err}
	case errors.As(err, &notTLS):
		return &outputs.Misconfigured{Err: fmt.Errorf("the broker does not speak TLS at this port: %w", err)}
	case errors.As(err, &remote) && remote.Op == "remote error": // an alert: it wants another certificate, or none of ours
		return &outputs.Misconfigured{Err: err}
	case errors.Is(err, errProof), errors.As(err, &code) && needsPerson(code):
		o.refreshSecret(err)
		return &outputs.Misconfigured{Err: err}
	}
	return err
}

// refreshSecret reads a password again that the brokers refused.
func (o *Output) refreshSecret(why error) {
	if _, err := o.config.Password.Refresh(); err != nil {
		o.logger.Warn("secret cannot be read again", "output", o.name, "error", errors.Join(err, why))
	}
}

// maxReason is the length of a reason that is kept with a document, in bytes.
const maxReason = 1 << 10

func excerpt(err error) string { return httpsend.Excerpt(err.Error(), maxReason) }
