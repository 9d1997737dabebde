package tail

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/renthub/sluice/inputs/framing"
)

// state is what is stored of a generation beside its position, so that a restart finds its file again.
//
// Its encoding is a version byte, then fixed fields, little-endian: device, inode, size seen (8 bytes each), head size (2),
// head hash (8), anchor size (2), anchor hash (8), place within a line, encoding, flags (1 each), time of reading
// (Unix ms, 8). A later version may append; what is behind the known fields is ignored.
type state struct {
	id    fileID
	seen  int64 // bytes that the file was known to have
	marks marks
	place framing.Place
	// spent says that nothing behind the position can be read: a damaged archive.
	spent bool
	// read is when the file was read up to the position.
	read time.Time
}

const (
	stateVersion = 1
	stateSize    = 1 + 3*8 + 2*(2+8) + 3 + 8
)

var errState = errors.New("decode state of file: not one of this version")

// appendTo appends the encoded state.
func (s state) appendTo(dst []byte) []byte {
	le := binary.LittleEndian
	dst = append(dst, stateVersion)
	dst = le.AppendUint64(dst, s.id.dev)
	dst = le.AppendUint64(dst, s.id.ino)
	dst = le.AppendUint64(dst, uint64(s.seen))
	dst = le.AppendUint16(dst, uint16(s.marks.head.size))
	dst = le.AppendUint64(dst, s.marks.head.hash)
	dst = le.AppendUint16(dst, uint16(s.marks.anchor.size))
	dst = le.AppendUint64(dst, s.marks.anchor.hash)
	var flags byte
	if s.spent {
		flags = 1
	}
	dst = append(dst, byte(s.place.Inside), byte(s.place.Encoding), flags)
	return le.AppendUint64(dst, uint64(s.read.UnixMilli()))
}

// decodeState reads a state that belongs to position end.
func decodeState(data []byte, end int64) (state, error) {
	if len(data) < stateSize || data[0] != stateVersion {
		return state{}, errState
	}
	le := binary.LittleEndian
	s := state{
		id:   fileID{le.Uint64(data[1:]), le.Uint64(data[9:])},
		seen: int64(le.Uint64(data[17:])),
	}
	s.marks.head = fingerprint{int32(le.Uint16(data[25:])), le.Uint64(data[27:])}
	s.marks.anchor = fingerprint{int32(le.Uint16(data[35:])), le.Uint64(data[37:])}
	s.place = framing.Place{Inside: framing.Inside(data[45]), Encoding: framing.Encoding(data[46])}
	s.spent = data[47]&1 != 0
	s.read = time.UnixMilli(int64(le.Uint64(data[48:])))
	if end < 0 || s.seen < 0 || s.place.Inside > framing.Dropping || s.place.Encoding > framing.UTF16BE ||
		int64(s.marks.head.size) != min(headSize, end) || int64(s.marks.anchor.size) != min(anchorSize, end) {
		return state{}, errState
	}
	return s, nil
}
