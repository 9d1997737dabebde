package term

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var visible = []struct{ name, text, shown, stripped, kept string }{
	{"plain text stays", "héllo → 日本 👩‍👩‍👧\tx", "héllo → 日本 👩‍👩‍👧\tx", "héllo → 日本 👩‍👩‍👧\tx", "héllo → 日本 👩‍👩‍👧\tx"},
	{"a colour", "\x1b[31mred\x1b[m", `\x1b[31mred\x1b[m`, "red", "\x1b[31mred\x1b[m"},
	{"a colour of many parts", "\x1b[38;2;1:2;3mx", `\x1b[38;2;1:2;3mx`, "x", "\x1b[38;2;1:2;3mx"},
	{"a sequence that is no colour", "\x1b[2J\x1b[?25l\x1b[3A", `\x1b[2J\x1b[?25l\x1b[3A`, `\x1b[2J\x1b[?25l\x1b[3A`, `\x1b[2J\x1b[?25l\x1b[3A`},
	{"a colour that does not end", "\x1b[31", `\x1b[31`, `\x1b[31`, `\x1b[31`},
	{"the clipboard", "\x1b]52;c;x\a", `\x1b]52;c;x\x07`, `\x1b]52;c;x\x07`, `\x1b]52;c;x\x07`},
	{"line ends", "a\r\nb", `a\r\nb`, `a\r\nb`, `a\r\nb`},
	{"C0, DEL and C1", "\x00\b\x7f\u0080\u009b31m", `\x00\x08\x7f\u0080\u009b31m`, `\x00\x08\x7f\u0080\u009b31m`, `\x00\x08\x7f\u0080\u009b31m`},
	{"bidirectional controls", "\u202ea\u2066\u200f\u061c", `\u202ea\u2066\u200f\u061c`, `\u202ea\u2066\u200f\u061c`, `\u202ea\u2066\u200f\u061c`},
	{"separators and marks", "\u2028\u2029\ufeff\ufff9", `\u2028\u2029\ufeff\ufff9`, `\u2028\u2029\ufeff\ufff9`, `\u2028\u2029\ufeff\ufff9`},
	{"bytes that are no UTF-8", "\xff\xc3(\xe2\x82", `\xff\xc3(\xe2\x82`, `\xff\xc3(\xe2\x82`, `\xff\xc3(\xe2\x82`},
	{"a raw C1 byte", "\x9b2J", `\x9b2J`, `\x9b2J`, `\x9b2J`},
}

func TestAppendVisible(t *testing.T) {
	for _, c := range visible {
		t.Run(c.name, func(t *testing.T) {
			got := []string{
				string(AppendVisible(nil, []byte(c.text), ShowSGR)),
				string(AppendVisible(nil, []byte(c.text), StripSGR)),
				string(AppendVisible(nil, []byte(c.text), KeepSGR)),
			}
			if diff := cmp.Diff(got, []string{c.shown, c.stripped, c.kept}); diff != "" {
				t.Errorf("shown, stripped, kept (-got +want):\n%s", diff)
			}
		})
	}
}

func TestColour(t *testing.T) {
	env := func(name string) func(string) string {
		return func(n string) string {
			if n == name {
				return "1"
			}
			return ""
		}
	}
	dumb := func(n string) string { return map[string]string{"TERM": "dumb"}[n] }
	for _, c := range []struct {
		name     string
		setting  string
		terminal bool
		getenv   func(string) string
		want     bool
	}{
		{"auto on a terminal", "auto", true, env(""), true},
		{"auto elsewhere", "auto", false, env(""), false},
		{"auto with NO_COLOR", "auto", true, env("NO_COLOR"), false},
		{"auto on a dumb terminal", "auto", true, dumb, false},
		{"always, whatever else", "always", false, env("NO_COLOR"), true},
		{"never", "never", true, env(""), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Colour(c.setting, c.terminal, c.getenv); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

// obeyed reports whether a terminal would do more than show text.
func obeyed(text []byte) bool {
	for _, r := range string(text) {
		if r < 0x20 && r != '\t' || r >= 0x7F && r < 0xA0 || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return true
		}
	}
	return !utf8.Valid(text)
}

// decoded is what a JSON text says, its numbers as they stand.
func decoded(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

func FuzzVisible(f *testing.F) {
	for _, c := range visible {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, sgr := range []SGR{ShowSGR, StripSGR} {
			if got := AppendVisible(nil, text, sgr); obeyed(got) {
				t.Fatalf("%q became %q", text, got)
			}
		}
		got := AppendVisibleJSON(nil, text)
		if obeyed(got) {
			t.Fatalf("%q became %q as JSON", text, got)
		}
		if json.Valid(text) {
			if a, b := decoded(t, text), decoded(t, got); !cmp.Equal(a, b) {
				t.Fatalf("%q became another document: %q", text, got)
			}
		}
		if plainText := bytes.Trim(text, "abc "); len(plainText) == 0 && !bytes.Equal(AppendVisible(nil, text, ShowSGR), text) {
			t.Fatalf("%q was changed", text)
		}
	})
}
