package pipeline

import (
	"fmt"
	"sync"
	"testing"

	"github.com/renthub/sluice/event"
)

// TestDeadLettersSurviveRestartsUntilThereIsNoRoom fills the log over several
// restarts and segments.
func TestDeadLettersSurviveRestartsUntilThereIsNoRoom(t *testing.T) {
	dir := t.TempDir()
	const size = 1 << 20
	put := func(from, to int) {
		t.Helper()
		d, err := OpenDeadLetters(deadLetterOptions(dir, size))
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup // each waits for the disk: together they wait once
		for i := from; i < to; i++ {
			all.Go(func() {
				l := DeadLetter{Output: "a.out", Reason: "no", ID: event.ID{Pos: int64(i)}, Document: fmt.Appendf(nil, `{"n":%d,"pad":"%01000d"}`, i, i)}
				if err := d.Put(t.Context(), l); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (n int) {
		t.Helper()
		if err := ReadDeadLetters(dir, func(DeadLetter) bool { n++; return true }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 3 {
		put(i*100, i*100+100)
		if n := read(); n != i*100+100 {
			t.Fatalf("%d dead letters after start %d, want %d", n, i+1, i*100+100)
		}
	}
	put(300, 1500)
	if n := read(); n < 500 || n == 1500 {
		t.Errorf("%d dead letters in a full log of 1,500, want those that fit", n)
	}
}
