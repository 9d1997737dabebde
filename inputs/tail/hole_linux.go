package tail

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// dataAfter returns the offset of the first byte at or behind off that is not in a hole of the file.
func dataAfter(f *os.File, off int64) int64 {
	raw, err := f.SyscallConn()
	if err != nil {
		return off
	}
	data := off
	err = raw.Control(func(fd uintptr) {
		at, err := unix.Seek(int(fd), off, unix.SEEK_DATA) // only pread is used elsewhere, so that the file's own offset is free
		if err == nil {
			data = at
		} else if errors.Is(err, unix.ENXIO) { // nothing but a hole up to the end
			if end, err := unix.Seek(int(fd), 0, unix.SEEK_END); err == nil && end > off {
				data = end
			}
		}
	})
	if err != nil {
		return off
	}
	return data
}
