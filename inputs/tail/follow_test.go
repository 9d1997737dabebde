package tail

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAFileIsReadAndFollowed(t *testing.T) {
	r := newRig(t)
	r.append("a.log", "one\ntwo\n")
	r.start()
	r.sink.WaitLines(t, 2)
	r.append("a.log", "three\nfo")
	r.sink.WaitLines(t, 3)
	r.append("a.log", "ur\n")
	r.sink.WaitLines(t, 4)
	if diff := cmp.Diff(r.sink.Texts(), []string{"one", "two", "three", "four"}); diff != "" {
		t.Error(diff)
	}
}

func TestARestartGoesOnWhereItStopped(t *testing.T) {
	r := newRig(t)
	r.append("a.log", "one\ntw")
	r.start()
	r.sink.WaitLines(t, 1)
	r.stop()
	r.append("a.log", "o\nthree\n")
	r.start()
	r.sink.WaitLines(t, 3)
	if diff := cmp.Diff(r.sink.Texts(), []string{"one", "two", "three"}); diff != "" {
		t.Error(diff)
	}
	ids := map[uint64]bool{}
	for _, l := range r.sink.Lines() {
		ids[l.Source] = true
	}
	if len(ids) != 1 {
		t.Errorf("got %d generations, want 1", len(ids))
	}
}

func TestTheSizeOfWhatIsReadFirstIsReadable(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 459: "459 B", 1 << 10: "1 KiB", 1536: "1.5 KiB", 300 << 20: "300 MiB", 5 << 30: "5 GiB", 3 << 50: "3072 TiB"} {
		if got := roundSize(n); got != want {
			t.Errorf("%d bytes: got %s, want %s", n, got, want)
		}
	}
}
