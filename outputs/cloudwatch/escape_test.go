package cloudwatch

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextsAreEscaped(t *testing.T) {
	for _, text := range []string{
		"", "a", `"`, `\`, "plain text of some length", `{"a":"b\n","c":["\\"]}`, "\x00\x01\x1f\x7f\n\r\t\b\f",
		strings.Repeat(`"`, 9000), strings.Repeat("\x00", 9000), strings.Repeat("日本", 3000) + `"`, "\u2028<>&\U0001f600",
	} {
		checkEscaped(t, text)
	}
}

func FuzzEscape(f *testing.F) {
	f.Add(`{"a":"b"}`)
	f.Add("a\x00\x1f\"\\ 日本")
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) {
			checkEscaped(t, text)
		}
	})
}

func checkEscaped(t *testing.T, text string) {
	t.Helper()
	got := appendText([]byte("before"), []byte(text))
	var back string
	if err := json.Unmarshal(got[len("before"):], &back); err != nil || string(got[:6]) != "before" {
		t.Fatalf("%.60q: got %.200q: %v", text, got, err)
	}
	if back != text {
		t.Errorf("got %.200q back, want %.200q", back, text)
	}
}
