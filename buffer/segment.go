package buffer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/renthub/sluice/internal/fsx"
)

const (
	segmentMagic      = "SLUICSEG"
	formatVersion     = 1
	segmentHeaderSize = 128
	headerCopyAt      = 512  // the second copy of the header
	snapshotAt        = 1024 // records begin behind the snapshot, aligned
	segmentSuffix     = ".slg"
	tmpSuffix         = ".tmp"
	maxSnapshot       = 1 << 30

	flagPredecessor = 1 << 0
)

// ErrVersion means that a folder was written by a newer Sluice. Nothing in it is touched.
var ErrVersion = errors.New("format version is newer than this program")

// segmentHeader is the fixed head of a segment as doc.go lays it out.
type segmentHeader struct {
	salt     uint64
	first    uint64 // sequence of the first document
	base     uint64 // sequence where the predecessor ends; first-base numbers are skipped, not lost
	total    uint64 // documents in all of the log before this segment
	created  int64  // Unix ms
	hasPrev  bool
	prev     uint64 // first of the predecessor: its name
	prevEnd  uint64 // offset in the predecessor where its records end
	prevMin  int64  // times of the predecessor's documents, Unix ms; min > max if it has none
	prevMax  int64
	snapLen  uint32
	snapCRC  uint32
	prevBase uint64 // base of the predecessor
}

func (h *segmentHeader) recordsAt() int64 { return alignUp(snapshotAt + int64(h.snapLen)) }

func (h *segmentHeader) append(dst []byte) []byte {
	at := len(dst)
	le := binary.LittleEndian
	dst = append(dst, segmentMagic...)
	dst = le.AppendUint16(dst, formatVersion)
	var flags uint16
	if h.hasPrev {
		flags |= flagPredecessor
	}
	dst = le.AppendUint16(dst, flags)
	dst = le.AppendUint32(dst, h.snapLen)
	for _, v := range []uint64{
		h.salt, h.first, h.base, h.total, uint64(h.created),
		h.prev, h.prevEnd, uint64(h.prevMin), uint64(h.prevMax), h.prevBase,
	} {
		dst = le.AppendUint64(dst, v)
	}
	dst = le.AppendUint32(dst, h.snapCRC)
	dst = append(dst, make([]byte, segmentHeaderSize-4-(len(dst)-at))...)
	return le.AppendUint32(dst, checksum(dst[at:]))
}

var errSegmentHeader = errors.New("no valid segment header")

func decodeSegmentHeader(b []byte) (segmentHeader, error) {
	var h segmentHeader
	if len(b) < segmentHeaderSize || string(b[:8]) != segmentMagic {
		return h, errSegmentHeader
	}
	le := binary.LittleEndian
	b = b[:segmentHeaderSize]
	if le.Uint32(b[segmentHeaderSize-4:]) != checksum(b[:segmentHeaderSize-4]) {
		return h, errSegmentHeader
	}
	if v := le.Uint16(b[8:]); v != formatVersion {
		return h, fmt.Errorf("read segment of version %d: %w", v, ErrVersion)
	}
	u := func(i int) uint64 { return le.Uint64(b[16+8*i:]) }
	h = segmentHeader{
		hasPrev: le.Uint16(b[10:])&flagPredecessor != 0, snapLen: le.Uint32(b[12:]),
		salt: u(0), first: u(1), base: u(2), total: u(3), created: int64(u(4)),
		prev: u(5), prevEnd: u(6), prevMin: int64(u(7)), prevMax: int64(u(8)), prevBase: u(9),
		snapCRC: le.Uint32(b[96:]),
	}
	if h.snapLen > maxSnapshot || h.base > h.first || h.prev > h.base || h.prevBase > h.prev {
		return segmentHeader{}, errSegmentHeader
	}
	return h, nil
}

// segment is one file of the log. Fields without a note are immutable once the segment is listed.
type segment struct {
	segmentHeader
	name string

	end     uint64 // guarded by Log.mu: sequence after its last document
	size    int64  // guarded by Log.mu: offset where its records end
	disk    int64  // guarded by Log.mu: bytes it takes on disk
	synced  int64  // guarded by Log.mu: offset up to which it is on disk
	minTime int64  // guarded by Log.mu: of its documents; min > max if it has none
	maxTime int64  // guarded by Log.mu
	sealed  bool   // guarded by Log.mu: a successor's header says where it ends
}

func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

// parseSegmentName returns the first sequence that the name of a segment file states.
func parseSegmentName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && segmentName(n) == name
}

// readSegmentHeader reads a segment's header, or its copy if the first is damaged, and the file's size.
func readSegmentHeader(fsys fsx.FS, dir, name string) (segmentHeader, int64, error) {
	f, err := fsys.OpenFile(filepath.Join(dir, name), os.O_RDONLY, 0)
	if err != nil {
		return segmentHeader{}, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return segmentHeader{}, 0, err
	}
	var buf [segmentHeaderSize]byte
	for _, at := range []int64{0, headerCopyAt} {
		n, err := readTolerant(f, buf[:], at)
		if err != nil {
			return segmentHeader{}, 0, err
		}
		h, err := decodeSegmentHeader(buf[:n])
		if !errors.Is(err, errSegmentHeader) {
			return h, info.Size(), err
		}
	}
	return segmentHeader{}, info.Size(), errSegmentHeader
}
