package tail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/fsnotify/fsnotify"
	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
	"github.com/renthub/sluice/inputs/inputtest"
)

func TestALineLargerThanAPassIsReadWhole(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("0123456789", 100_000) // under 1 MiB
	huge := strings.Repeat("x", 3<<20)
	r.append("a.log", "one\n"+long+"\ntwo\n"+huge+"\nthree\n")
	r.start()
	r.sink.WaitLines(t, 7)
	got := r.sink.Texts()
	want := []string{"one", long, "two", huge[:1<<20], huge[:1<<20], huge[:1<<20], "three"}
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: got %d bytes, want %d", i, len(got[i]), len(want[i]))
		}
	}
}

// A file with much news must not keep others waiting.
func TestPassesAreFair(t *testing.T) {
	r := newRig(t)
	r.opts.Workers = 1
	line := strings.Repeat("x", 99) + "\n"
	r.append("big.log", strings.Repeat(line, 100_000))
	for i := range 20 {
		r.append(fmt.Sprintf("small%d.log", i), "small\n")
	}
	cuts, seen := 0, map[string]int{}
	r.sink.Gate = func(context.Context) error { cuts++; return nil }
	tailer, err := New(r.opts, r.deps)
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	emit := func(ctx context.Context, cut []*event.Batch) (inputs.Ticket, error) {
		n := 0
		for _, b := range cut {
			n += int(b.End - b.Start)
			if _, ok := seen[b.Source.Name]; !ok && b.Len() > 0 {
				seen[b.Source.Name] = cuts
			}
		}
		size = max(size, n)
		return r.sink.Emit(ctx, cut)
	}
	running := inputtest.Start(t, tailer, nil, emit)
	r.sink.WaitLines(t, 100_020)
	running.Stop(t)
	for name, cut := range seen {
		if cut > 4 {
			t.Errorf("%s was read first in cut %d", name, cut)
		}
	}
	if size > passBytes+headSize {
		t.Errorf("a cut held %d bytes, want at most %d", size, passBytes)
	}
}

// What was deleted while the buffer is full is held, up to a limit.
func TestDeletedFilesAreHeldWhileTheBufferIsFull(t *testing.T) {
	for _, c := range []struct {
		name string
		max  int64
		want int
	}{{"all that is read while it fits", 1 << 30, 3000}, {"what was handed over when it does not", 1000, 0}} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			s := &scenario{rig: r}
			r.opts.Workers, r.opts.MaxHeld = 1, c.max
			r.append("first.log", "first\n")
			room := make(chan struct{})
			emits := make(chan struct{}, 1000)
			r.sink.Gate = func(ctx context.Context) error {
				emits <- struct{}{}
				select {
				case <-room:
				case <-ctx.Done():
				}
				return ctx.Err()
			}
			r.start()
			<-emits // the worker waits in emit now
			r.append("a.log", strings.Repeat("line\n", 3000))
			s.settle()
			if err := os.Remove(r.path("a.log")); err != nil {
				t.Fatal(err)
			}
			s.settle()
			s.settle()
			close(room)
			r.sink.WaitLines(t, 1+c.want)
			s.settle()
			if got := len(r.sink.Lines()); got != 1+c.want {
				t.Errorf("got %d lines, want %d", got, 1+c.want)
			}
			lost := float64(15000 - 5*c.want)
			r.sink.Wait(t, "the count of what was lost", func() bool { return valueOf(r.tailer.metrics.lost.WithLabelValues(lostHeld)) == lost })
		})
	}
}

func TestWithoutWatchesFilesArePolled(t *testing.T) {
	for _, err := range []error{syscall.EMFILE, syscall.ENOSPC} {
		t.Run(err.Error(), func(t *testing.T) {
			r := newRig(t)
			tailer, newErr := New(r.opts, r.deps)
			if newErr != nil {
				t.Fatal(newErr)
			}
			tailer.newWatcher = func() (*fsnotify.Watcher, error) { return nil, err }
			r.append("a.log", "one\n")
			inputtest.Start(t, tailer, nil, r.sink.Emit)
			r.sink.WaitLines(t, 1)
			r.append("a.log", "two\n")
			r.append("b.log", "three\n")
			r.sink.WaitLines(t, 3)
		})
	}
}

func TestLostEventsAreAnsweredByLookingAtEverything(t *testing.T) {
	r := newRig(t)
	tailer, err := New(r.opts, r.deps)
	if err != nil {
		t.Fatal(err)
	}
	s := newScanner(tailer)
	defer s.watch.close()
	r.append("a.log", "one\n")
	s.start(nil)
	r.append("a.log", "two\n")
	r.append("b.log", "three\n")
	for _, w := range tailer.workers {
		w.inbox.take(nil)
	}
	s.watchError(fsnotify.ErrEventOverflow)
	told := map[string]bool{}
	for _, w := range tailer.workers {
		for _, o := range w.inbox.take(nil) {
			told[o.gen.src.Name] = true
		}
	}
	if diff := cmp.Diff(told, map[string]bool{r.path("a.log"): true, r.path("b.log"): true}); diff != "" {
		t.Error(diff)
	}
	if valueOf(tailer.metrics.overflows) != 1 {
		t.Error("the overflow was not counted")
	}
}

func TestABombIsGivenUp(t *testing.T) {
	g := newGunzip(strings.NewReader(string(zip(make([]byte, 4<<20)))))
	g.limit = 1 << 20
	buf := make([]byte, 64<<10)
	for off := int64(0); ; off += int64(len(buf)) {
		_, err := g.ReadAt(buf, off)
		if errors.Is(err, errBomb) {
			return
		}
		if err != nil {
			t.Fatalf("got %v at %d, want %v", err, off, errBomb)
		}
	}
}

func TestReadingDoesNotAllocateForALine(t *testing.T) {
	r := newRig(t)
	r.append("a.log", strings.Repeat("a line of a log\n", 10_000))
	w, g := idleWorker(t, r, "a.log")
	read := func() {
		g.end, g.marks, g.place = 0, marks{}, framing.Place{}
		w.read(g, passBytes/2, g.grewAt)
		g.batch.Reset(g.src)
	}
	read()
	if n := testing.AllocsPerRun(50, read); n > 2 { // a batch, if the collector emptied the pool
		t.Errorf("got %v allocations for 8,000 lines, want none for a line", n)
	}
}

// idleWorker returns a worker that does not run, and the generation of a file that is open.
func idleWorker(t testing.TB, r *rig, name string) (*worker, *generation) {
	t.Helper()
	tailer, err := New(r.opts, r.deps)
	if err != nil {
		t.Fatal(err)
	}
	s := newScanner(tailer)
	defer s.watch.close()
	g := s.newGeneration(tailer.patterns[0], r.path(name), 1)
	b, err := openBody(g.pattern, g.path)
	if err != nil {
		t.Fatal(err)
	}
	g.at, g.want = g.path, b.id
	g.w.keep(g, b)
	t.Cleanup(g.w.opened.closeAll)
	return g.w, g
}

func BenchmarkRead(b *testing.B) {
	r := newRig(b)
	line := `{"time":"2026-11-24T10:02:55.123Z","level":"info","msg":"` + strings.Repeat("x", 517) + "\"}\n"
	r.append("a.log", strings.Repeat(line, 100<<20/len(line)))
	w, g := idleWorker(b, r, "a.log")
	info, err := os.Stat(r.path("a.log"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		g.end, g.marks, g.place = 0, marks{}, framing.Place{}
		for g.end < info.Size() {
			if n, _ := w.read(g, passBytes, g.grewAt); n == 0 {
				b.Fatal("nothing was read")
			}
			r.deps.Pool.Put(g.batch)
			g.batch, w.cut = nil, w.cut[:0]
		}
	}
}
