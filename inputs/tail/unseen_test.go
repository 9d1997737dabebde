package tail

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// byHand is a tailer that looks and reads when it is told to, so that much can happen between two looks.
type byHand struct {
	*rig
	scanner *scanner
}

func newByHand(t *testing.T, paths ...string) *byHand {
	h := &byHand{rig: newRig(t)}
	h.opts.Workers, h.opts.Paths = 1, nil
	for _, path := range paths {
		h.opts.Paths = append(h.opts.Paths, h.path(path))
	}
	return h
}

// begin looks for the first time, and reads.
func (h *byHand) begin() {
	h.t.Helper()
	tailer, err := New(h.opts, h.deps)
	if err != nil {
		h.t.Fatal(err)
	}
	h.tailer, h.scanner = tailer, newScanner(tailer)
	h.t.Cleanup(h.scanner.watch.close)
	w := tailer.workers[0]
	w.emit = h.sink.Emit
	h.t.Cleanup(w.opened.closeAll)
	h.scanner.start(h.sink.Positions())
	h.read()
}

// see looks at some paths, in this order, and reads nothing.
func (h *byHand) see(names ...string) {
	h.scanner.scan++
	for _, name := range names {
		h.scanner.see(h.path(name))
	}
}

// read reads all that there is, and looks for what is missing.
func (h *byHand) read() {
	h.t.Helper()
	w := h.tailer.workers[0]
	for {
		w.obey()
		reports := h.tailer.reports.take(nil)
		if len(w.queue) == 0 && len(reports) == 0 {
			return
		}
		if _, err := w.pass(context.Background(), time.Now()); err != nil {
			h.t.Fatal(err)
		}
		for _, r := range append(reports, h.tailer.reports.take(nil)...) {
			h.scanner.answer(r)
		}
	}
}

func (h *byHand) want(lines ...string) {
	h.t.Helper()
	if diff := cmp.Diff(h.sink.Texts(), lines); diff != "" {
		h.t.Error(diff)
	}
}

func (h *byHand) must(errs ...error) {
	h.t.Helper()
	for _, err := range errs {
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *byHand) rename(from, to string) { h.must(os.Rename(h.path(from), h.path(to))) }

// copyTruncate does what logrotate's copytruncate does.
func (h *byHand) copyTruncate(name, to string) {
	data, err := os.ReadFile(h.path(name))
	h.must(err, os.WriteFile(h.path(to), data, 0o644), os.Truncate(h.path(name), 0))
}

func TestACopyIsKnownAfterItsOriginalWasRenamed(t *testing.T) {
	h := newByHand(t, "*.log", "*.log.*")
	h.append("a.log", "one\ntwo\n")
	h.begin()
	h.copyTruncate("a.log", "a.log.1")
	h.rename("a.log.1", "a.log.2")
	h.rename("a.log", "a.log.1")
	h.append("a.log", "three\n")
	h.see("a.log.1", "a.log.2", "a.log")
	h.read()
	h.want("one", "two", "three")
}

func TestAFileThatBeginsAsAnotherIsNoCopyOfIt(t *testing.T) {
	h := newByHand(t, "*.log", "*.log.*")
	h.append("a.log", "started\n")
	h.begin()
	h.append("a.log.1", "started\nother\n")
	h.see("a.log.1", "a.log")
	h.read()
	h.want("started", "started", "other")
}

// Both names are there while a file is rotated by linking it; and a rename can come between two looks at it.
func TestAFileThatIsRotatedWhileItIsDiscoveredIsReadOnce(t *testing.T) {
	h := newByHand(t, "*.log")
	h.append("a.log", "one\n")
	h.begin()
	h.rename("a.log", "a.log.2")
	h.see("a.log")
	h.append("a.log", "two\n")
	h.must(os.Link(h.path("a.log"), h.path("a.log.1")))
	h.see("a.log")
	h.read()
	h.want("one", "two")
}
