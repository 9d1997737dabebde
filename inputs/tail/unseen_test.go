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
	h.opts.Workers, h.opts.Paths = 2, nil
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
	for _, w := range tailer.workers {
		w.emit = h.sink.Emit
		h.t.Cleanup(w.opened.closeAll)
	}
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
	for again := true; again; {
		again = false
		for _, w := range h.tailer.workers {
			again = h.pass(w) || again
		}
		for _, r := range h.tailer.reports.take(nil) {
			h.scanner.answer(r)
			again = true
		}
	}
}

// pass has a worker read once. It returns false if there is nothing to read.
func (h *byHand) pass(w *worker) bool {
	h.t.Helper()
	w.obey()
	if len(w.queue) == 0 {
		return false
	}
	_, err := w.pass(context.Background(), time.Now())
	h.must(err)
	return true
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

func TestWhatWasMissedIsSavedBeforeWhatCameAfterIt(t *testing.T) {
	h := newByHand(t, "*.log")
	h.append("other.log", "")
	h.append("a.log", "one\n")
	h.begin()
	h.rename("a.log", "a.log.2")
	h.append("a.log", "two")
	h.rename("a.log", "a.log.1")
	h.append("a.log", "three\n")
	h.see("a.log")
	h.pass(h.scanner.byPath[h.path("a.log")].w)
	h.append("a.log.1", "\n")
	h.begin() // again, after a crash
	h.want("one", "three", "two")
}

func TestWhatFollowedATruncationIsSavedBeforeWhatCameAfterIt(t *testing.T) {
	h := newByHand(t, "*.log")
	h.append("other.log", "")
	h.append("a.log", "one\n")
	h.begin()
	h.copyTruncate("a.log", "a.log.2")
	h.append("a.log", "two\n")
	h.rename("a.log", "a.log.1")
	h.append("a.log", "three\n")
	h.see("a.log")
	h.pass(h.scanner.byPath[h.path("a.log")].w)
	h.begin() // again, after a crash
	h.want("one", "two", "three")
}

func TestWhatIsWrittenAfterATruncationIsFoundWhereItWasRotatedTo(t *testing.T) {
	h := newByHand(t, "*.log")
	h.append("a.log", "one\n")
	h.begin()
	h.copyTruncate("a.log", "a.log.1")
	h.append("a.log", "two\n")
	h.rename("a.log.1", "a.log.3")
	h.rename("a.log", "a.log.2")
	h.append("a.log", "three\n")
	h.see("a.log")
	h.read()
	h.want("one", "three", "two")
}

// A deleted file's inode is soon that of a new one. A file of which nothing was read cannot be told by what it holds.
func TestAnInodeThatIsUsedAgainIsAnotherFile(t *testing.T) {
	h := newByHand(t, "*.log", "*.log.*")
	h.opts.MaxOpen = 1 // else it stays open, and its inode is not free
	h.append("a.log.2", "")
	h.append("b.log", "one\n")
	h.begin()
	g := h.scanner.byPath[h.path("a.log.2")]
	g.w.close(g)
	h.must(os.Remove(h.path("a.log.2")))
	h.copyTruncate("b.log", "b.log.1")
	_, id, err := look(h.path("b.log.1"))
	h.must(err)
	delete(h.scanner.byID, g.id)
	h.scanner.byID[id], g.id, g.want = g, id, id // as if the system had given it the same
	h.see("b.log.1", "a.log.2", "b.log")
	h.read()
	h.want("one")
}

func TestARotationIsKnownAfterItMovedOn(t *testing.T) {
	h := newByHand(t, "*.log", "*.log.*")
	h.append("a.log.1", "one\ntwo\n")
	h.begin()
	h.must(os.Remove(h.path("a.log.1")))
	h.append("a.log.3.gz", string(zip([]byte("one\ntwo\nthree\n"))))
	long := time.Now().Add(-time.Hour)
	h.must(os.Chtimes(h.path("a.log.3.gz"), long, long))
	h.begin() // after a while
	h.want("one", "two", "three")
}

func TestWhatIsCompressedWhenItIsMissedIsReadLater(t *testing.T) {
	h := newByHand(t, "*.log")
	h.append("a.log", "one\n")
	h.begin()
	h.rename("a.log", "a.log.3")
	h.append("a.log.2.gz", string(zip([]byte("two\n"))))
	h.append("a.log", "three\n")
	h.see("a.log")
	h.read()
	later := time.Now().Add(time.Minute)
	h.append("a.log", "four\n")
	h.must(os.Chtimes(h.path("a.log"), later, later))
	h.see("a.log")
	h.rename("a.log", "a.log.1")
	h.see("a.log")
	h.read()
	h.want("one", "three", "four")
	h.deps.Now = func() time.Time { return later }
	h.tailer.deps.Now = h.deps.Now
	h.scanner.pollSlice()
	h.read()
	h.want("one", "three", "four", "two")
}

func TestAnArchiveInMakingIsNotTakenForAnEmptyFileWhoseInodeItHas(t *testing.T) {
	h := newByHand(t, "*.log")
	h.append("a.log", "")
	h.append("b.log", "one\n")
	h.begin()
	g := h.scanner.byPath[h.path("a.log")]
	h.scanner.unbind(g)
	h.append("a.log.1.gz", "")
	_, id, err := look(h.path("a.log.1.gz"))
	h.must(err)
	g.id = id
	if h.scanner.search(g) {
		t.Errorf("%s is read from %s", g.src.Name, g.path)
	}
}
