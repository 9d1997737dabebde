package stdout

import (
	"os"

	"golang.org/x/sys/unix"
)

// widen lets a pipe hold a whole pass, so that the program seldom waits for
// us. The system may refuse; the pipe is then as it was.
func widen(r *os.File) {
	conn, err := r.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, maxPass) })
}
