package enrich

import (
	"strings"
	"testing"
)

// TestTheQuickLookMissesNothing puts each form at every place of a text.
func TestTheQuickLookMissesNothing(t *testing.T) {
	r, err := NewRedactor(nil, Patterns())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"4222222222222", "4111 1111 1111 1111", "3782-822463-10005", "a@b.io", "BEARER abcdefgh", "bearer:abcdefgh", "passwd=x", "PassWord=x"} {
		for before := range 40 {
			for after := range 12 {
				text := []byte(strings.Repeat(".", before) + secret + strings.Repeat(";", after))
				if _, end := r.next(text, 0); end == 0 {
					t.Fatalf("%q: nothing is found", text)
				}
				if !r.suspect(text) {
					t.Fatalf("%q: the quick look passes it", text)
				}
			}
		}
	}
}

func FuzzTheQuickLookMissesNothing(f *testing.F) {
	for _, s := range []string{"4222222222222", "a@b.io", "Bearer abcdefgh", "passwd=x"} {
		f.Add([]byte(s))
	}
	r, err := NewRedactor(nil, Patterns())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, end := r.next(text, 0); end > 0 && !r.suspect(text) {
			t.Fatalf("%q: the quick look passes it", text)
		}
		if got := r.appendRedacted(nil, text); r.matches(got) {
			t.Fatalf("%q: something is left in %q", text, got)
		}
	})
}
