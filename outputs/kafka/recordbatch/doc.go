// Package recordbatch builds Kafka's record batches of version 2, the form in
// which brokers store and consumers receive records. The source of the format
// is Kafka's own documentation of its message format.
//
//	baseOffset           int64   0, the broker sets it
//	batchLength          int32   bytes from the next field on
//	partitionLeaderEpoch int32   -1, the broker sets it
//	magic                int8    2
//	crc                  uint32  CRC-32C of all from attributes on
//	attributes           int16   bits 0-2: codec
//	lastOffsetDelta      int32   records - 1
//	baseTimestamp        int64   milliseconds since 1970
//	maxTimestamp         int64
//	producerId           int64
//	producerEpoch        int16
//	baseSequence         int32
//	records              int32
//	[record]             compressed as one piece
//
// A record, its numbers but attributes as zigzag varints:
//
//	length attributes(int8) timestampDelta offsetDelta
//	keyLength(-1: none) key valueLength value
//	headers { keyLength key valueLength value }
//
// A batch is made in two steps: records are added and compressed once, and
// then the batch is stamped with a producer id and a sequence, again if those
// change.
package recordbatch
