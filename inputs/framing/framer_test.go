package framing

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
)

func texts(ps []piece) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Text
	}
	return out
}

func rule(t testing.TB, name string) *Rule {
	t.Helper()
	r, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func match(t testing.TB, start, cont string) *Rule {
	t.Helper()
	var s, c *regexp.Regexp
	if start != "" {
		s = regexp.MustCompile(start)
	}
	if cont != "" {
		c = regexp.MustCompile(cont)
	}
	r, err := Match(s, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRecords(t *testing.T) {
	laravelTrace := "[2026-11-24 10:02:55] production.ERROR: boom {\"exception\":\"[object] (E: at /a.php:4)\n[stacktrace]\n#0 a\n\n[previous exception] [object]\n#0 {main}\n\"} "
	javaTrace := "ERROR no room\njava.lang.Oops: x\n\tat A.b(A.java:1)\nCaused by: java.lang.Y\n\tat C.d(C.java:2)\n\t... 3 more"
	pythonTrace := "ERROR:root:no\nTraceback (most recent call last):\n  File \"x.py\", line 1\n    f()\nValueError: x"
	cases := []struct {
		name   string
		config Config
		data   string
		want   []piece
	}{
		{"lines end at LF and lose one CR", Config{}, "a\nb\r\nc\r\r\n", []piece{{Text: "a", Size: 2}, {Text: "b", Pos: 2, Size: 3}, {Text: "c\r", Pos: 5, Size: 4}}},
		{"empty lines are no records", Config{}, "\n\r\na\n\n", []piece{{Text: "a", Pos: 3, Size: 2}}},
		{"a last line without its end is flagged", Config{}, "a\nb", []piece{{Text: "a", Size: 2}, {Text: "b", Pos: 2, Size: 1, Flags: event.Partial}}},
		{"NULs at a line's start are passed over", Config{}, "\x00\x00a\x00b\n", []piece{{Text: "a\x00b", Pos: 2, Size: 4}}},
		{"invalid UTF-8 is kept and flagged", Config{}, "a\xffb\n", []piece{{Text: "a\xffb", Size: 4, Error: event.BadEncoding}}},
		{"a byte order mark is not text", Config{}, "\ufeffa\nb\n", []piece{{Text: "a", Size: 5}, {Text: "b", Pos: 5, Size: 2}}},
		{"a long line is split between characters", Config{MaxLine: 16}, "0123456789abcdeé012\n", []piece{
			{Text: "0123456789abcde", Size: 15, Flags: event.Partial}, {Text: "é012", Pos: 15, Size: 6, Flags: event.Continued}}},
		{"a long line is truncated and its rest dropped", Config{MaxLine: 16, Truncate: true}, "0123456789abcdefghij\nb\n", []piece{
			{Text: "0123456789abcdef", Size: 16, Flags: event.Truncated}, {Text: "b", Pos: 21, Size: 2}}},
		{"UTF-16 is told by its mark", Config{}, "\xff\xfea\x00\n\x00\x0a\x01\n\x00", []piece{{Text: "a", Size: 6}, {Text: "Ċ", Pos: 6, Size: 4}}},
		{"UTF-16BE with a pair", Config{Encoding: "UTF-16BE"}, "\xd8\x3d\xde\x00\x00\r\x00\n", []piece{{Text: "😀", Size: 8}}},
		{"Latin-1", Config{Encoding: "latin1"}, "caf\xe9\n", []piece{{Text: "café", Size: 5}}},
		{"Laravel", Config{Rule: rule(t, "laravel")}, laravelTrace + "\n[2026-11-24 10:02:56] production.INFO: b\n", []piece{
			{Text: laravelTrace, Size: len(laravelTrace) + 1}, {Text: "[2026-11-24 10:02:56] production.INFO: b", Pos: int64(len(laravelTrace)) + 1, Size: 41}}},
		{"lines that go before a start have no record to belong to", Config{Rule: match(t, "^S", "")}, "x\ny\nS1\nz\n", []piece{
			{Text: "x\ny", Size: 4}, {Text: "S1\nz", Pos: 4, Size: 5}}},
		{"continue alone", Config{Rule: match(t, "", `^\s`)}, "a\n b\nc\n", []piece{{Text: "a\n b", Size: 5}, {Text: "c", Pos: 5, Size: 2}}},
		{"a joined record's CRs are not text", Config{Rule: match(t, "", `^\s`)}, "a\r\n b\r\n", []piece{{Text: "a\n b", Size: 7}}},
		{"auto leaves JSON alone", Config{Rule: rule(t, "auto")}, "{\"a\":1}\n{\"b\":2}\n", []piece{{Text: "{\"a\":1}", Size: 8}, {Text: "{\"b\":2}", Pos: 8, Size: 8}}},
		{"auto ends a bracketed record at JSON", Config{Rule: rule(t, "auto")}, "[2026-11-24 10:02:55] x\nmore\n\n{\"b\":2}\n", []piece{
			{Text: "[2026-11-24 10:02:55] x\nmore\n", Size: 30}, {Text: "{\"b\":2}", Pos: 30, Size: 8}}},
		{"auto joins Java's causes", Config{Rule: rule(t, "auto")}, strings.TrimPrefix(javaTrace, "ERROR no room\n") + "\nnext\n", []piece{
			{Text: strings.TrimPrefix(javaTrace, "ERROR no room\n"), Size: len(javaTrace) - 13}, {Text: "next", Pos: int64(len(javaTrace) - 13), Size: 5}}},
		{"auto joins Python's traces with the exception behind them", Config{Rule: rule(t, "auto")}, pythonTrace + "\nnext\n", []piece{
			{Text: pythonTrace, Size: len(pythonTrace) + 1}, {Text: "next", Pos: int64(len(pythonTrace)) + 1, Size: 5}}},
		{"auto keeps access lines apart", Config{Rule: rule(t, "auto")}, "1.2.3.4 - - [x]\n1.2.3.4 - - [y]\n", []piece{
			{Text: "1.2.3.4 - - [x]", Size: 16}, {Text: "1.2.3.4 - - [y]", Pos: 16, Size: 16}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, err := New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(cutAll(t, f, []byte(c.data), len(c.data)), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAJoinEndsAtItsLimits(t *testing.T) {
	r := match(t, "^S", "")
	r.MaxLines, r.MaxBytes = 3, 12
	f, err := New(Config{Rule: r})
	if err != nil {
		t.Fatal(err)
	}
	got := texts(cutAll(t, f, []byte("S1\n2\n3\n4\n5\nS2\nlonger text\nend\n"), 1))
	if diff := cmp.Diff(got, []string{"S1\n2\n3", "4\n5", "S2", "longer text", "end"}); diff != "" {
		t.Error(diff)
	}
}

func TestAnOpenRecordIsHeldAndEndsWhenItIsQuiet(t *testing.T) {
	f, err := New(Config{Rule: rule(t, "laravel")})
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("[2026-11-24 10:02:55] x\n#0 a\nhalf a li")
	var p Place
	if rec, n := f.Next(&p, data, 0, Open); rec.Size != 0 || n != 0 || f.Wait() != time.Second {
		t.Errorf("got a record of %d bytes, %d taken, wait %v; want all held for a second", rec.Size, n, f.Wait())
	}
	rec, n := f.Next(&p, data, 0, Quiet)
	if string(rec.Text) != "[2026-11-24 10:02:55] x\n#0 a" || n != 29 {
		t.Errorf("got %q, %d taken; want the two whole lines", rec.Text, n)
	}
	if rec, n := f.Next(&p, data[n:], int64(n), Quiet); rec.Size != 0 || n != 0 || f.Wait() != 0 {
		t.Errorf("got a record of %d bytes, %d taken, wait %v; want half a line held until the source ends", rec.Size, n, f.Wait())
	}
}

func TestALineThatIsMostLikelyAloneIsNotHeldForLong(t *testing.T) {
	f, err := New(Config{Rule: rule(t, "auto")})
	if err != nil {
		t.Fatal(err)
	}
	var p Place
	f.Next(&p, []byte("hello\n"), 0, Open)
	if f.Wait() != quickTimeout {
		t.Errorf("got %v, want %v", f.Wait(), quickTimeout)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	for _, c := range []Config{{}, {Rule: rule(t, "auto")}, {Rule: rule(t, "laravel")}, {Encoding: "latin1"}} {
		f, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		data := []byte(strings.Repeat("[2026-11-24 10:02:55] a line\r\n with another\n{\"a\":1}\nplain\n", 50))
		cut := func() {
			var p Place
			for at := 0; at < len(data); {
				_, n := f.Next(&p, data[at:], int64(at), Ended)
				at += n
			}
		}
		cut()
		if n := testing.AllocsPerRun(20, cut); n != 0 {
			t.Errorf("%+v: got %v allocations for 200 lines, want none", c, n)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	line := `{"time":"2026-11-24T10:02:55.123Z","level":"info","msg":"` + strings.Repeat("x", 500) + "\"}\n"
	data := []byte(strings.Repeat(line, 400))
	for _, name := range []string{"", "auto", "laravel"} {
		b.Run("rule="+name, func(b *testing.B) {
			f, err := New(Config{Rule: rule(b, name)})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				var p Place
				for at := 0; at < len(data); {
					_, n := f.Next(&p, data[at:], int64(at), Ended)
					at += n
				}
			}
		})
	}
}
