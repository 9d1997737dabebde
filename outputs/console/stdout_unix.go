//go:build unix

package console

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// standardOutput is a second descriptor of standard output. On the first one
// the runtime ends the process when the reader of a pipe has gone; on this one
// the write fails, and we can end in order.
func standardOutput() (io.WriteCloser, error) {
	fd, err := unix.FcntlInt(os.Stdout.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	return os.NewFile(uintptr(fd), "standard output"), nil
}

// readerGone also knows a terminal that was closed: EIO.
func readerGone(err error) bool { return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.EIO) }
