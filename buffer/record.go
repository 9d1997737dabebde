package buffer

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Record is a run of documents with consecutive sequence numbers, stored, read and lost as one. The log does
// not look into State values, Index and Body.
type Record struct {
	First   uint64  // sequence of the first document; set by Append
	Count   uint32  // documents; 0 is a record of state alone, which cursors never see
	MinTime int64   // of its documents, Unix ms
	MaxTime int64   // of its documents, Unix ms
	State   []Entry // written with the record, applied once all of its cut is on disk
	Index   []byte
	Body    []byte

	Sync       bool // the documents cannot be read again: sync within 50 ms
	Introduces bool // sync at once, and do not hand to cursors before that
	Defer      bool // small, and can be had again: hand to cursors at once, write with the next sync
}

// size is at least what the record takes in the file.
func (r *Record) size() int64 {
	return alignUp(recordHeaderSize + entriesSize(r.State) + int64(len(r.Index)+len(r.Body)))
}

// Entry sets one key of the log's state. A nil Value deletes the key.
type Entry struct {
	Key   string
	Value []byte
}

// Range is a run of documents by sequence number.
type Range struct{ First, Count uint64 }

// End returns the sequence number after the last of the range.
func (r Range) End() uint64 { return r.First + r.Count }

const (
	recordMagic      = 0x52434c53 // "SLCR"
	recordType       = 1
	recordHeaderSize = 96
	alignment        = 8
	maxPayload       = 256 << 20 // state, index and body together

	flagSync       = 1 << 0
	flagIntroduces = 1 << 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// recordHeader is the fixed part of a record as doc.go lays it out.
type recordHeader struct {
	flags            uint16
	first            uint64
	count            uint32
	minTime, maxTime int64
	stateLen         uint32
	indexLen         uint32
	bodyLen          uint32
	synced           uint64 // the segment was synced up to this offset when the record was written
	stateCRC         uint32
	indexCRC         uint32
	bodyCRC          uint32
	cutIndex         uint16 // which record of its cut this is
	cutLen           uint16 // records in the cut
}

func (h *recordHeader) payload() int64 {
	return int64(h.stateLen) + int64(h.indexLen) + int64(h.bodyLen)
}

// size is what the record takes in the file.
func (h *recordHeader) size() int64 { return alignUp(recordHeaderSize + h.payload()) }

func (h *recordHeader) end() uint64 { return h.first + uint64(h.count) }

func (h *recordHeader) lastOfCut() bool { return h.cutIndex+1 == h.cutLen }

func alignUp(n int64) int64 { return (n + alignment - 1) &^ (alignment - 1) }

func (h *recordHeader) append(dst []byte, salt uint64) []byte {
	at := len(dst)
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, recordMagic)
	dst = append(dst, recordType, recordHeaderSize/alignment)
	dst = le.AppendUint16(dst, h.flags)
	dst = le.AppendUint64(dst, salt)
	dst = le.AppendUint64(dst, h.first)
	dst = le.AppendUint32(dst, h.count)
	dst = le.AppendUint32(dst, h.stateLen)
	dst = le.AppendUint64(dst, uint64(h.minTime))
	dst = le.AppendUint64(dst, uint64(h.maxTime))
	dst = le.AppendUint32(dst, h.indexLen)
	dst = le.AppendUint32(dst, h.bodyLen)
	dst = le.AppendUint64(dst, h.synced)
	dst = le.AppendUint32(dst, h.stateCRC)
	dst = le.AppendUint32(dst, h.indexCRC)
	dst = le.AppendUint32(dst, h.bodyCRC)
	dst = le.AppendUint16(dst, h.cutIndex)
	dst = le.AppendUint16(dst, h.cutLen)
	dst = append(dst, make([]byte, 12)...) // reserved
	return le.AppendUint32(dst, checksum(dst[at:]))
}

var errHeader = errors.New("no valid record header")

// decodeRecordHeader reads a header of the segment with this salt. It trusts nothing before the checksum.
func decodeRecordHeader(b []byte, salt uint64) (recordHeader, error) {
	var h recordHeader
	if len(b) < recordHeaderSize {
		return h, errHeader
	}
	le := binary.LittleEndian
	b = b[:recordHeaderSize]
	if le.Uint32(b) != recordMagic || le.Uint64(b[8:]) != salt {
		return h, errHeader
	}
	if le.Uint32(b[recordHeaderSize-4:]) != checksum(b[:recordHeaderSize-4]) {
		return h, errHeader
	}
	h = recordHeader{
		flags: le.Uint16(b[6:]), first: le.Uint64(b[16:]), count: le.Uint32(b[24:]), stateLen: le.Uint32(b[28:]),
		minTime: int64(le.Uint64(b[32:])), maxTime: int64(le.Uint64(b[40:])),
		indexLen: le.Uint32(b[48:]), bodyLen: le.Uint32(b[52:]), synced: le.Uint64(b[56:]),
		stateCRC: le.Uint32(b[64:]), indexCRC: le.Uint32(b[68:]), bodyCRC: le.Uint32(b[72:]),
		cutIndex: le.Uint16(b[76:]), cutLen: le.Uint16(b[78:]),
	}
	if b[4] != recordType || h.payload() > maxPayload || h.end() < h.first || h.cutIndex >= h.cutLen {
		return recordHeader{}, errHeader
	}
	return h, nil
}

// appendRecord encodes a record, padded to the alignment. state is its entries, encoded.
func appendRecord(dst []byte, r *Record, state []byte, salt, synced uint64, cutIndex, cutLen int) []byte {
	h := recordHeader{
		first: r.First, count: r.Count, minTime: r.MinTime, maxTime: r.MaxTime, synced: synced,
		stateLen: uint32(len(state)), indexLen: uint32(len(r.Index)), bodyLen: uint32(len(r.Body)),
		stateCRC: checksum(state), indexCRC: checksum(r.Index), bodyCRC: checksum(r.Body),
		cutIndex: uint16(cutIndex), cutLen: uint16(cutLen),
	}
	if r.Sync {
		h.flags |= flagSync
	}
	if r.Introduces {
		h.flags |= flagIntroduces
	}
	dst = h.append(dst, salt)
	dst = append(dst, state...)
	dst = append(dst, r.Index...)
	dst = append(dst, r.Body...)
	return append(dst, zeros[:h.size()-recordHeaderSize-h.payload()]...)
}

var zeros [alignment]byte

// record is the record that header and payload hold; the slices are the payload's.
func (h *recordHeader) record(payload []byte) Record {
	index := payload[h.stateLen:][:h.indexLen:h.indexLen]
	body := payload[int64(h.stateLen)+int64(h.indexLen):][:h.bodyLen:h.bodyLen]
	return Record{
		First: h.first, Count: h.count, MinTime: h.minTime, MaxTime: h.maxTime, Index: index, Body: body,
		Sync: h.flags&flagSync != 0, Introduces: h.flags&flagIntroduces != 0,
	}
}

// stateOK reports whether the state part of the payload is as written.
func (h *recordHeader) stateOK(payload []byte) bool {
	return int64(len(payload)) >= h.payload() && checksum(payload[:h.stateLen]) == h.stateCRC
}

// documentsOK reports whether index and body are as written.
func (h *recordHeader) documentsOK(payload []byte) bool {
	if int64(len(payload)) < h.payload() {
		return false
	}
	index := payload[h.stateLen:][:h.indexLen]
	body := payload[int64(h.stateLen)+int64(h.indexLen):][:h.bodyLen]
	return checksum(index) == h.indexCRC && checksum(body) == h.bodyCRC
}
