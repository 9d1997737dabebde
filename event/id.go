package event

import "strconv"

// ID is a document's identity: its position. A record read again has the same
// id; another extent of bytes is another id.
type ID struct {
	Source uint64 // the source's generation
	Pos    int64  // offset of its first byte
	Size   uint32 // bytes of the source
	Sub    uint16 // counts the documents of one record
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Append appends the id as people and destinations see it: letters, digits,
// '-', '_' and '.', which need no escaping anywhere. It is part of what is
// stored: a change of its form makes repeats of what is in flight.
func (id ID) Append(dst []byte) []byte {
	for shift := 58; shift >= 4; shift -= 6 {
		dst = append(dst, base64url[id.Source>>shift&63])
	}
	dst = append(dst, base64url[id.Source<<2&63], '-')
	dst = strconv.AppendInt(dst, id.Pos, 10)
	dst = append(dst, '-')
	dst = strconv.AppendUint(dst, uint64(id.Size), 10)
	if id.Sub > 0 {
		dst = append(dst, '.')
		dst = strconv.AppendUint(dst, uint64(id.Sub), 10)
	}
	return dst
}

// String is Append as text.
func (id ID) String() string { return string(id.Append(nil)) }
