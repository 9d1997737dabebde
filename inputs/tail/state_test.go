package tail

import (
	"bytes"
	"testing"
	"time"

	"github.com/renthub/sluice/inputs/framing"
)

func FuzzStateIsReadAsItWasWrittenOrNotAtAll(f *testing.F) {
	s := state{id: fileID{1, 2}, seen: 500, place: framing.Place{Inside: framing.Split}, spent: true, read: time.UnixMilli(1795514575000)}
	s.marks = marks{fingerprint{300, 7}, fingerprint{256, 8}}
	f.Add(s.appendTo(nil), int64(300))
	f.Add([]byte{}, int64(0))
	f.Add(bytes.Repeat([]byte{0xff}, stateSize), int64(1<<40))
	f.Fuzz(func(t *testing.T, data []byte, end int64) {
		s, err := decodeState(data, end)
		if err != nil {
			return
		}
		// What reading will slice by must be within what it has read.
		if look := lookback(end); int(s.marks.head.size) > headSize || int(s.marks.anchor.size) > look {
			t.Fatalf("marks %+v for a position of %d", s.marks, end)
		}
		again, err := decodeState(s.appendTo(nil), end)
		if err != nil || again != s {
			t.Fatalf("got %+v, %v; want %+v", again, err, s)
		}
	})
}
