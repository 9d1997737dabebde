package httpsend

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	tests := []struct {
		name, header string
		want         time.Duration
	}{
		{"no header", "", 0},
		{"seconds", "7", 7 * time.Second},
		{"seconds with white space", "  7 ", 7 * time.Second},
		{"a part of a second", "0.5", 500 * time.Millisecond},
		{"zero is no pause", "0", 0},
		{"negative is no pause", "-5", 0},
		{"an hour is cut", "3600", MaxRetryAfter},
		{"a day is cut", "86400", MaxRetryAfter},
		{"more than a day is a mistake", "86401", 0},
		{"milliseconds since 1970 are a mistake", "1795600000000", 0},
		{"a number that no duration holds", "1e300", 0},
		{"infinity", "Inf", 0},
		{"not a number", "NaN", 0},
		{"an HTTP date", "Tue, 24 Nov 2026 10:00:30 GMT", 30 * time.Second},
		{"an old form of date", "Tuesday, 24-Nov-26 10:01:00 GMT", time.Minute},
		{"a date in the past", "Tue, 24 Nov 2026 09:00:00 GMT", 0},
		{"a date of another century", "Sun, 24 Nov 2126 10:00:00 GMT", 0},
		{"words", "soon", 0},
		{"a duration of Go's", "5s", 0},
		{"a control character", "5\x00", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			h.Set("Retry-After", tt.header)
			if got := RetryAfter(h, now); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7")
	f.Add("Tue, 24 Nov 2026 10:00:30 GMT")
	f.Add("1e308")
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		if got := RetryAfter(http.Header{"Retry-After": {text}}, now); got < 0 || got > MaxRetryAfter {
			t.Errorf("%q: got %v, want 0 to %v", text, got, MaxRetryAfter)
		}
	})
}
