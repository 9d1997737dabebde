//go:build unix

package tail

import (
	"syscall"
	"testing"
)

func TestAFIFOIsRefused(t *testing.T) {
	r := newRig(t)
	if err := syscall.Mkfifo(r.path("pipe.log"), 0o644); err != nil {
		t.Skip(err)
	}
	r.append("a.log", "one\n")
	r.start()
	r.sink.WaitLines(t, 1)
	s := &scenario{rig: r}
	r.sink.Wait(t, "a note", func() bool { return s.note(r.path("pipe.log")) == errNotRegular.Error() })
}
