package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/describeconfigs"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
)

// answers of kafka-go's own making.
func sampleAnswers() []protocol.Message {
	return []protocol.Message{
		&produce.Response{Topics: []produce.ResponseTopic{{Topic: "logs", Partitions: []produce.ResponsePartition{{
			Partition: 3, ErrorCode: 87, RecordErrors: []produce.ResponseError{{BatchIndex: 1, BatchIndexErrorMessage: "no"}}, ErrorMessage: "refused",
		}}}}},
		&metadata.Response{ControllerID: 1, Brokers: []metadata.ResponseBroker{{NodeID: 1, Host: "b", Port: 9092}}, Topics: []metadata.ResponseTopic{{
			Name: "logs", Partitions: []metadata.ResponsePartition{{LeaderID: 1, ReplicaNodes: []int32{1, 2}}},
		}}},
		&createtopics.Response{Topics: []createtopics.ResponseTopic{{Name: "logs", ErrorCode: 36, ErrorMessage: "there"}}},
		&initproducerid.Response{ProducerID: 4711},
		&saslauthenticate.Response{AuthBytes: []byte("r=...")},
		&describeconfigs.Response{Resources: []describeconfigs.ResponseResource{{ResourceName: "logs", ConfigEntries: []describeconfigs.ResponseConfigEntry{{ConfigName: "retention.ms", ConfigValue: "1"}}}}},
	}
}

// frameOf is an answer as it comes, with its size and number.
func frameOf(t testing.TB, msg protocol.Message) (frame []byte, version int16) {
	t.Helper()
	_, version = answerType(msg.ApiKey())
	var b bytes.Buffer
	if err := protocol.WriteResponse(&b, version, 7, msg); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), version
}

func TestSkimTakesWhatIsWhole(t *testing.T) {
	for _, msg := range sampleAnswers() {
		frame, version := frameOf(t, msg)
		if err := skim(msg.ApiKey(), version, frame[8:]); err != nil {
			t.Errorf("%v: %v", msg.ApiKey(), err)
		}
		for n := range len(frame) - 8 {
			if err := skim(msg.ApiKey(), version, frame[8:8+n]); !errors.Is(err, errAnswerBroken) {
				t.Errorf("%v, %d of %d bytes: got %v", msg.ApiKey(), n, len(frame)-8, err)
			}
		}
	}
}

// Without the check, kafka-go asks for 100 GB here.
func TestSkimRefusesLengthsThatAreNotThere(t *testing.T) {
	if err := skim(protocol.Metadata, 8, []byte{0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3}); !errors.Is(err, errAnswerBroken) {
		t.Errorf("got %v", err)
	}
}

// FuzzSkim: what is taken is read by kafka-go without an error.
func FuzzSkim(f *testing.F) {
	for i, msg := range sampleAnswers() {
		frame, _ := frameOf(f, msg)
		f.Add(uint8(i), frame[8:])
	}
	keys := sampleAnswers()
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		key := keys[int(which)%len(keys)].ApiKey()
		_, version := answerType(key)
		if skim(key, version, body) != nil {
			return
		}
		frame := binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))
		frame = append(binary.BigEndian.AppendUint32(frame, 7), body...)
		if _, _, err := protocol.ReadResponse(bytes.NewReader(frame), key, version); err != nil {
			t.Errorf("%v: taken, and then not read: %v", key, err)
		}
	})
}

// FuzzFrame: no answer makes us keep more than it has.
func FuzzFrame(f *testing.F) {
	frame, _ := frameOf(f, sampleAnswers()[0])
	f.Add(frame)
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readFrame(bytes.NewReader(b), 7)
		if err == nil && !bytes.HasPrefix(b, got) {
			t.Errorf("got %q, which is not the beginning of %q", got, b)
		}
	})
}
