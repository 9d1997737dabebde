package enrich

import (
	"strings"
	"testing"
	"time"
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
				if !found(r, text) {
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
		if found(r, text) && !r.suspect(text) {
			t.Fatalf("%q: the quick look passes it", text)
		}
		if got := r.appendRedacted(nil, text); r.matches(got) {
			t.Fatalf("%q: something is left in %q", text, got)
		}
	})
}

// found says whether there is a match, without the quick look.
func found(r *Redactor, text []byte) bool {
	c := cursor{r: r, text: text}
	_, end := c.next(0)
	return end > 0
}

// TestHostileTextsCostNoMoreThanTheirSize bounds what texts cost that are made
// to be searched again and again.
func TestHostileTextsCostNoMoreThanTheirSize(t *testing.T) {
	r, err := NewRedactor(nil, Patterns())
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"a@b.io ", "a@", "4111 ", "41111111111111111", "bearer ", "Bearer abcdefgh ", "password", "password=\"", "password=x ", "p", "b", "1-", "password\\\\\\"} {
		text := []byte(strings.Repeat(part, 1<<20/len(part)))
		start := time.Now()
		r.appendRedacted(nil, text)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("a mebibyte of %q took %v", part, took)
		} else {
			t.Logf("a mebibyte of %q: %v", part, took)
		}
	}
}
