package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// kafkaForm is a Kafka broker. A body is one record batch of version 2, and the
// documents are the values of its records.
type kafkaForm struct {
	mu     sync.Mutex
	topics map[string]bool    // guarded by mu
	next   map[producer]int32 // sequence, guarded by mu
	ids    int64              // of producers, guarded by mu
}

// producer is one that counts its records into a partition.
type producer struct {
	id        int64
	topic     string
	partition int32
}

func newKafkaForm() *kafkaForm {
	return &kafkaForm{topics: map[string]bool{}, next: map[producer]int32{}}
}

func (k *kafkaForm) service(s *sink) service { return newBroker(k, s) }

func (*kafkaForm) unit() (compressor, error) { return newZstder() }

const (
	batchHead = 61 // bytes before the records
	codecNone = 0
	codecZstd = 4
)

// batchCount is how many records the head of a batch says that it has.
func batchCount(batch []byte) (int32, error) {
	be := binary.BigEndian
	switch {
	case len(batch) < batchHead || int(be.Uint32(batch[8:])) != len(batch)-12:
		return 0, errors.New("what is produced is not exactly one batch")
	case batch[16] != 2:
		return 0, fmt.Errorf("a batch of version %d", batch[16])
	}
	return int32(be.Uint32(batch[57:])), nil
}

// isNew says whether a batch has not come before, as its producer counts, and
// counts on. A producer without an id does not count.
func (k *kafkaForm) isNew(topic string, partition int32, batch []byte, count int32) (bool, error) {
	be := binary.BigEndian
	p := producer{int64(be.Uint64(batch[43:])), topic, partition}
	if p.id < 0 {
		return true, nil
	}
	sequence := int32(be.Uint32(batch[53:]))
	k.mu.Lock()
	defer k.mu.Unlock()
	switch next := k.next[p]; {
	case sequence == next:
		k.next[p] = next + count
		return true, nil
	case sequence < next:
		return false, nil
	default:
		return false, fmt.Errorf("sequence %d of producer %d, want %d", sequence, p.id, next)
	}
}

// raw implements form: the records.
func (*kafkaForm) raw(b body, f *inflater) ([]byte, error) {
	be := binary.BigEndian
	if got, want := be.Uint32(b.sent[17:]), crc32.Checksum(b.sent[21:], crc32.MakeTable(crc32.Castagnoli)); got != want {
		return nil, fmt.Errorf("checksum of a batch: %08x, want %08x", got, want)
	}
	switch codec := be.Uint16(b.sent[21:]) & 7; codec {
	case codecNone:
		return b.sent[batchHead:], nil
	case codecZstd:
		return f.unzstd(b.sent[batchHead:])
	default:
		return nil, fmt.Errorf("a batch with codec %d", codec)
	}
}

// unzstd returns the bytes of a zstd frame. They are valid until the next call.
func (f *inflater) unzstd(frame []byte) (_ []byte, err error) {
	if f.zstd == nil {
		if f.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)); err != nil {
			return nil, err
		}
	}
	if f.plain, err = f.zstd.DecodeAll(frame, f.plain[:0]); err != nil {
		return nil, fmt.Errorf("inflate records: %w", err)
	}
	return f.plain, nil
}

var errRecord = errors.New("a record cannot be read")

// documents implements form. A record is its length, attributes, differences of
// time and offset, key, value and headers.
func (*kafkaForm) documents(raw []byte, add func(doc []byte)) error {
	for len(raw) > 0 {
		record, rest, ok := cutBytes(raw)
		if !ok || len(record) == 0 {
			return errRecord
		}
		raw, record = rest, record[1:]
		for range 2 {
			_, n := binary.Varint(record)
			if n <= 0 {
				return errRecord
			}
			record = record[n:]
		}
		_, record, ok = cutBytes(record)
		value, _, valueOK := cutBytes(record)
		if !ok || !valueOK {
			return errRecord
		}
		add(value)
	}
	return nil
}

// cutBytes cuts what has its length before it; nothing for the length -1.
func cutBytes(b []byte) (head, rest []byte, ok bool) {
	size, n := binary.Varint(b)
	size = max(size, 0)
	if n <= 0 || size > int64(len(b)-n) {
		return nil, nil, false
	}
	b = b[n:]
	return b[:size], b[size:], true
}
