package framing

import (
	"testing"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
)

// piece is what a test remembers of a record.
type piece struct {
	Text  string
	Pos   int64
	Size  int
	Flags event.Flag
	Error event.ParseError
}

// cutAll frames data, shown in steps of the given size, as a caller would that reads a growing file.
func cutAll(t testing.TB, f *Framer, data []byte, step int) []piece {
	t.Helper()
	var place Place
	var out []piece
	at := 0
	for shown := 0; ; {
		shown = min(shown+step, len(data))
		tail := Open
		if shown == len(data) {
			tail = Ended
		}
		for {
			rec, n := f.Next(&place, data[at:shown], int64(at), tail)
			if rec.Size > 0 && rec.Pos+int64(rec.Size) != int64(at+n) {
				t.Fatalf("record of %d bytes at %d ends behind the %d bytes that were taken", rec.Size, rec.Pos, at+n)
			}
			at += n
			if rec.Size == 0 {
				break
			}
			out = append(out, piece{string(rec.Text), rec.Pos, rec.Size, rec.Flags, rec.Error})
		}
		if at < shown && shown-at >= f.Need() {
			t.Fatalf("%d bytes are held at %d: more than Need's %d", shown-at, at, f.Need())
		}
		if tail == Ended {
			break
		}
	}
	if at != len(data) {
		t.Fatalf("%d of %d bytes were taken at the end", at, len(data))
	}
	return out
}

func FuzzNextCutsTheSameRecordsHoweverItIsRead(f *testing.F) {
	f.Add([]byte("a\nbb\r\n\n\nccc"), uint8(0), uint8(1), false)
	f.Add([]byte("\x00\x00\x00a\nb\x00c\n"), uint8(1), uint8(2), false)
	f.Add([]byte("\xff\xfeh\x00i\x00\n\x00\x0a\x0a\n\x00"), uint8(0), uint8(3), true)
	f.Add([]byte("0123456789012345678901234567890123456789\nshort\n"), uint8(0), uint8(5), true)
	f.Add([]byte("[2026-11-24 10:02:55] x\n#0 y\n\n{\"a\":1}\nE\n\tat z\nCaused by: q\n"), uint8(2), uint8(7), false)
	f.Add([]byte("Traceback (most recent call last):\n  File\nValueError: x\nnext\n"), uint8(2), uint8(1), false)
	f.Add([]byte("héé wörld ünd sö wéîter ünd sö fört\n"), uint8(3), uint8(4), false)
	f.Fuzz(func(t *testing.T, data []byte, mode, step uint8, truncate bool) {
		c := Config{MaxLine: 20, Truncate: truncate}
		switch mode % 5 {
		case 1:
			c.Rule, _ = Named("laravel")
		case 2:
			c.Rule, _ = Named("auto")
		case 3:
			c.Encoding = "iso-8859-1"
		case 4:
			c.Encoding = "utf-16be"
			c.Rule, _ = Named("auto")
		}
		if c.Rule != nil {
			c.Rule.MaxLines, c.Rule.MaxBytes = 3, 50
		}
		whole, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		stepped, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		want := cutAll(t, whole, data, len(data)+1)
		got := cutAll(t, stepped, data, int(step)+1)
		if len(got) != len(want) {
			t.Fatalf("got %d records, want %d\n%+v\n%+v", len(got), len(want), got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("record %d: got %+v, want %+v", i, got[i], want[i])
			}
			if got[i].Error == event.NoError && !utf8.ValidString(got[i].Text) {
				t.Fatalf("record %d is not valid UTF-8 and not flagged: %q", i, got[i].Text)
			}
		}
		if stepped.Stats != whole.Stats {
			t.Fatalf("got %+v, want %+v", stepped.Stats, whole.Stats)
		}
	})
}
