package bench

import (
	"encoding/binary"
	"errors"
)

// eachBatch calls visit for each batch in what follows the correlation id of a
// produce request, versions 3 to 8.
func eachBatch(request []byte, visit func(topic string, partition int32, batch []byte) error) error {
	r := frameReader{rest: request}
	r.bytes(int(r.int16())) // client id
	r.bytes(int(r.int16())) // transaction
	r.int16()               // acknowledgements
	r.int32()               // timeout
	for topics := r.int32(); topics > 0 && !r.short; topics-- {
		topic := string(r.bytes(int(r.int16())))
		for parts := r.int32(); parts > 0 && !r.short; parts-- {
			partition := r.int32()
			batch := r.bytes(int(r.int32()))
			if r.short {
				break
			}
			if err := visit(topic, partition, batch); err != nil {
				return err
			}
		}
	}
	if r.short || len(r.rest) > 0 {
		return errors.New("the lengths in it do not fit")
	}
	return nil
}

// frameReader reads Kafka's fixed forms. What does not fit makes it short.
type frameReader struct {
	rest  []byte
	short bool
}

func (r *frameReader) bytes(n int) []byte {
	if n = max(n, 0); n > len(r.rest) {
		r.short, r.rest = true, nil
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *frameReader) int16() int16 {
	if b := r.bytes(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *frameReader) int32() int32 {
	if b := r.bytes(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}
