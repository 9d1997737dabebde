//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readerLook is how often a pipe is asked for its reader.
const readerLook = 250 * time.Millisecond

// awaitReaderGone waits until the reader of a pipe has gone, and reports it, or
// until ctx ends. Of what is no pipe nobody goes.
func awaitReaderGone(ctx context.Context, f *os.File) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd())}}
	for pause(ctx, readerLook) {
		_, err := unix.Poll(fds, 0)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return false
		}
		if fds[0].Revents&unix.POLLERR != 0 {
			return true
		}
	}
	return false
}
