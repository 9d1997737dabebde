package buffer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/renthub/sluice/internal/fsx"
)

const (
	slotSize      = 4096
	slotMagic     = 0x52435243 // "CRCR"
	slotHeader    = 20         // magic, version, reserved, counter, length
	cursorSuffix  = ".cur"
	maxCursorName = 255
)

// cursorFileName derives a name that is safe on every file system and its own for each cursor name.
func cursorFileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%.40s-%x%s", safe, sum[:8], cursorSuffix)
}

// cursorFile is a cursor's place on disk: two slots, written in place in turn. The slot that was synced last is
// left alone until the other one is synced.
type cursorFile struct {
	fs      fsx.FS
	path    string
	file    fsx.File // nil after an error: the next write makes the file anew
	counter uint64
	slot    int64 // which one is written next
	wrote   bool  // since the last sync
	pending uint64
	durable [2]uint64 // the prefix in each slot that is on disk for certain
}

func appendSlot(dst []byte, counter uint64, c *savedCursor) []byte {
	at := len(dst)
	body := c.append(nil)
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, slotMagic)
	dst = le.AppendUint16(dst, formatVersion)
	dst = le.AppendUint16(dst, 0)
	dst = le.AppendUint64(dst, counter)
	dst = le.AppendUint32(dst, uint32(len(body)))
	dst = append(dst, body...)
	dst = append(dst, make([]byte, slotSize-4-(len(dst)-at))...)
	return le.AppendUint32(dst, checksum(dst[at:]))
}

var errSlot = errors.New("no valid cursor slot")

func decodeSlot(b []byte) (uint64, savedCursor, error) {
	le := binary.LittleEndian
	if len(b) < slotSize || le.Uint32(b) != slotMagic {
		return 0, savedCursor{}, errSlot
	}
	b = b[:slotSize]
	if le.Uint32(b[slotSize-4:]) != checksum(b[:slotSize-4]) {
		return 0, savedCursor{}, errSlot
	}
	if v := le.Uint16(b[4:]); v != formatVersion {
		return 0, savedCursor{}, fmt.Errorf("read cursor of version %d: %w", v, ErrVersion)
	}
	n := le.Uint32(b[16:])
	if n > slotSize-slotHeader-4 {
		return 0, savedCursor{}, errSlot
	}
	d := decoder{b: b[slotHeader:][:n]}
	c := d.cursor()
	return le.Uint64(b[8:]), c, d.err
}

// decodeCursorFile returns the newest valid slot, its counter, and which one it is.
func decodeCursorFile(b []byte) (savedCursor, uint64, int64, error) {
	var best savedCursor
	var counter uint64
	slot, err := int64(-1), errSlot
	for i := range int64(2) {
		if int64(len(b)) < (i+1)*slotSize {
			break
		}
		n, c, e := decodeSlot(b[i*slotSize:])
		switch {
		case errors.Is(e, ErrVersion):
			return savedCursor{}, 0, -1, e
		case e == nil && (slot < 0 || n > counter):
			best, counter, slot, err = c, n, i, nil
		}
	}
	return best, counter, slot, err
}

// write puts c into the slot in turn. It is not durable before sync.
func (f *cursorFile) write(c *savedCursor) error {
	f.counter++
	f.pending = c.taken.prefix
	slot := appendSlot(nil, f.counter, c)
	if f.file == nil {
		return f.create(slot)
	}
	if _, err := f.file.WriteAt(slot, f.slot*slotSize); err != nil {
		return errors.Join(fmt.Errorf("write cursor: %w", err), f.close())
	}
	f.wrote = true
	return nil
}

// sync makes the slot written last durable, and turns to the other.
func (f *cursorFile) sync() error {
	if !f.wrote {
		return nil
	}
	f.wrote = false
	if err := f.file.Sync(); err != nil {
		return errors.Join(fmt.Errorf("sync cursor: %w", err), f.close())
	}
	f.durable[f.slot] = f.pending
	f.slot = 1 - f.slot
	return nil
}

// create makes the file with the same in both slots, durably.
func (f *cursorFile) create(slot []byte) error {
	data := slices.Concat(slot, slot)
	if err := fsx.WriteFile(f.fs, f.path, data, filePerm); err != nil {
		return fmt.Errorf("create cursor: %w", err)
	}
	f.slot, f.wrote = 1, false
	f.durable = [2]uint64{f.pending, f.pending}
	return f.reopen()
}

func (f *cursorFile) reopen() error {
	file, err := f.fs.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open cursor: %w", err)
	}
	f.file = file
	return nil
}

func (f *cursorFile) close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	f.durable = [2]uint64{}
	return err
}
