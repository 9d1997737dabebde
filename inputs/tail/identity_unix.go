//go:build unix

package tail

import (
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep an open from waiting for a FIFO's writer or taking a terminal.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY

// identify returns a file's device and inode, and how many names it has.
func identify(info fs.FileInfo, _ *os.File) (id fileID, names int, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, 0, false
	}
	return fileID{uint64(st.Dev), uint64(st.Ino)}, int(st.Nlink), true
}

// look describes the file at path, links followed.
func look(path string) (fs.FileInfo, fileID, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileID{}, err
	}
	id, _, _ := identify(info, nil)
	return info, id, nil
}
