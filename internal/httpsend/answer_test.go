package httpsend

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func TestClassOf(t *testing.T) {
	tests := map[Class][]int{
		Taken:    {200, 201, 202, 204, 299},
		Again:    {0, 100, 101, 199, 408, 425, 500, 502, 503, 504, 599, 600, 999},
		Throttle: {429},
		Large:    {413},
		Refused:  {400, 402, 406, 409, 411, 415, 422, 499},
		Person:   {300, 301, 302, 307, 308, 401, 403, 404, 405, 407, 410, 501},
	}
	for want, list := range tests {
		for _, status := range list {
			if got := ClassOf(status); got != want {
				t.Errorf("status %d: got class %d, want %d", status, got, want)
			}
		}
	}
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, body string
		limit      int
		want       string
		err        error
	}{
		{"a body below the limit", "abc", 10, "abc", nil},
		{"a body of just the limit", "abc", 3, "abc", nil},
		{"a body above the limit", "abcd", 3, "abc", ErrLong},
		{"no body", "", 3, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(tt.body), iotest.OneByteReader(strings.NewReader(tt.body)), iotest.DataErrReader(strings.NewReader(tt.body))} {
				got, err := Read([]byte("x"), r, tt.limit)
				if string(got) != "x"+tt.want || !errors.Is(err, tt.err) {
					t.Errorf("got %q, %v, want %q, %v", got, err, "x"+tt.want, tt.err)
				}
			}
		})
	}
	t.Run("an endless body ends at the limit", func(t *testing.T) {
		got, err := Read(nil, endless{}, 1000)
		if len(got) != 1000 || !errors.Is(err, ErrLong) {
			t.Errorf("got %d bytes, %v, want 1000, ErrLong", len(got), err)
		}
	})
	t.Run("a body that breaks is an error", func(t *testing.T) {
		broken := io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(io.ErrUnexpectedEOF))
		if got, err := Read(nil, broken, 10); string(got) != "abc" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %q, %v, want what came and the error", got, err)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestExcerpt(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a short text stays", "a b", "a b"},
		{"lines become one", "<html>\r\n\t<b>no</b>\n", "<html> <b>no</b>"},
		{"control characters go", "a\x1b[31mb\u009bc\x00", "a [31mb c"},
		{"bytes that are no UTF-8", "a\xffb", "a\ufffdb"},
		{"a long text is cut between characters", strings.Repeat("é", 30), strings.Repeat("é", 8) + "..."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Excerpt(tt.text, 20); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("a\x1b\n\xff", 10)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 3 + limit&0xff
		got := Excerpt(text, limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x1b\x00") {
			t.Errorf("got %q of at most %d", got, limit)
		}
	})
}
