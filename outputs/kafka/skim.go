package kafka

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/describeconfigs"
	"github.com/segmentio/kafka-go/protocol/incrementalalterconfigs"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
)

// kafka-go's decoder believes the lengths in an answer: one of twenty bytes
// that claims 2^31 topics makes it ask for 100 GB, and the agent ends. So each
// answer is skimmed first, by the same types, to see that all lengths are those
// of what is there.

// answerType is the kind of answer to a kind of request, and the newest version
// that is skimmed: those after it have lengths of another form, and nothing
// that we need.
func answerType(key protocol.ApiKey) (answer reflect.Type, newest int16) {
	switch key {
	case protocol.Produce:
		return reflect.TypeFor[produce.Response](), 8
	case protocol.Metadata:
		return reflect.TypeFor[metadata.Response](), 8
	case protocol.ApiVersions:
		return reflect.TypeFor[apiversions.Response](), 0
	case protocol.InitProducerId:
		return reflect.TypeFor[initproducerid.Response](), 1
	case protocol.CreateTopics:
		return reflect.TypeFor[createtopics.Response](), 4
	case protocol.SaslHandshake:
		return reflect.TypeFor[saslhandshake.Response](), 1
	case protocol.SaslAuthenticate:
		return reflect.TypeFor[saslauthenticate.Response](), 1
	case protocol.DescribeConfigs:
		return reflect.TypeFor[describeconfigs.Response](), 3
	case protocol.IncrementalAlterConfigs:
		return reflect.TypeFor[incrementalalterconfigs.Response](), 0
	}
	return nil, -1
}

// skim checks the body of an answer.
func skim(key protocol.ApiKey, version int16, body []byte) error {
	answer, newest := answerType(key)
	if answer == nil || version > newest {
		return fmt.Errorf("%w: version %d of %v answers is not read", errAnswerBroken, version, key)
	}
	rest, ok := skimValue(answer, version, body)
	if !ok || len(rest) > 0 {
		return fmt.Errorf("%w: the lengths in it do not fit", errAnswerBroken)
	}
	return nil
}

// skimValue returns what follows a value of a type.
func skimValue(t reflect.Type, version int16, b []byte) (rest []byte, ok bool) {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" || !hasField(f.Tag.Get("kafka"), version) {
				continue
			}
			if b, ok = skimValue(f.Type, version, b); !ok {
				return nil, false
			}
		}
		return b, true
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return skimBytes(4, b)
		}
		return skimArray(t.Elem(), version, b)
	case reflect.String:
		return skimBytes(2, b)
	}
	n := int(t.Size()) // a number, or a bool
	if len(b) < n {
		return nil, false
	}
	return b[n:], true
}

func skimArray(element reflect.Type, version int16, b []byte) (rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, false
	}
	n := int32(binary.BigEndian.Uint32(b))
	for b = b[4:]; n > 0; n-- {
		before := len(b)
		if b, ok = skimValue(element, version, b); !ok || len(b) == before {
			return nil, false
		}
	}
	return b, true
}

// skimBytes passes over a length of that size and as many bytes. A length
// below 0 is of nothing.
func skimBytes(size int, b []byte) (rest []byte, ok bool) {
	if len(b) < size {
		return nil, false
	}
	n := int(int16(binary.BigEndian.Uint16(b)))
	if size == 4 {
		n = int(int32(binary.BigEndian.Uint32(b)))
	}
	if b = b[size:]; n > len(b) {
		return nil, false
	}
	return b[max(n, 0):], true
}

// hasField reads kafka-go's tags: "min=v1,max=v8,nullable", and several
// of them with | between.
func hasField(tag string, version int16) bool {
	for span := range strings.SplitSeq(tag, "|") {
		var low, high int16
		if _, err := fmt.Sscanf(span, "min=v%d,max=v%d", &low, &high); err == nil && low <= version && version <= high {
			return true
		}
	}
	return false
}
