package kafka

import (
	"strconv"

	"github.com/renthub/sluice/event"
)

// unknownPartition stands for the number in the target of a topic whose
// partitions are not known yet.
const unknownPartition = "?"

// Partition implements outputs.Partitioner: "topic/3", or "topic/?".
func (o *Output) Partition(dst []byte, d *event.Doc) []byte {
	t := o.names.of(dst, d)
	count := t.partitions.Load()
	at := int32(0)
	if count > 0 {
		at = o.choose(dst, d, count) // the key is made where the target will be
	}
	dst = append(append(dst, t.name...), '/')
	if count == 0 {
		return append(dst, unknownPartition...)
	}
	return strconv.AppendInt(dst, int64(at), 10)
}

// parseTarget takes a target apart. known is false if it names no partition.
func parseTarget(target string) (topic string, partition int32, known bool) {
	at := len(target) - 1
	for at > 0 && target[at] != '/' {
		at--
	}
	if at <= 0 {
		return target, 0, false
	}
	n, err := strconv.ParseInt(target[at+1:], 10, 32)
	return target[:at], int32(n), err == nil
}

// stickyMillis is for how long one partition is used where documents have no
// key. It is long enough for whole batches and short enough for all partitions
// to get their part.
const stickyMillis = 100

// choose returns d's partition, of count: by its key, as the Java client
// hashes keys, or else the one of its tenth of a second. Both depend on the
// document alone, so that one that is sent again goes where it went before.
func (o *Output) choose(scratch []byte, d *event.Doc, count int32) int32 {
	if key := o.appendKey(scratch, d)[len(scratch):]; len(key) > 0 {
		return int32(murmur2(key)&0x7fffffff) % count
	}
	x := uint64(d.Time/stickyMillis) + o.seed
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9 // mixed well: neighbours must not follow each other
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int32((x ^ x>>31) % uint64(count))
}

// appendKey appends d's key, or nothing if it has none.
func (o *Output) appendKey(dst []byte, d *event.Doc) []byte {
	if o.config.Key == nil {
		return dst
	}
	r := o.names.records.Get().(*nameRecord)
	*r = nameRecord{d, o.names.classes, false}
	dst = o.config.Key.Render(dst, r)
	*r = nameRecord{}
	o.names.records.Put(r)
	return dst
}

// murmur2 is the hash by which Kafka's own clients spread keys.
func murmur2(data []byte) uint32 {
	const seed, m = 0x9747b28c, 0x5bd1e995
	h := uint32(seed) ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24
		k *= m
		k ^= k >> 24
		h = h*m ^ k*m
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}
