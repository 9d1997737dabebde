package config

import (
	"testing"
	"time"
)

func TestDurationsAndSizes(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "5s": 5 * time.Second, "1.5h": 90 * time.Minute, "400d": 400 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1h30m": 90 * time.Minute, "250ms": 250 * time.Millisecond, "7us": 7000, "1d12h": 36 * time.Hour,
	} {
		if got, err := ParseDuration(text); got != want || err != nil {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "-5s", "s", "5 s", "5parsecs", "1..5s", "1e3s", "300000w", "99999999999999999999d"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
	for text, want := range map[string]Size{"0B": 0, "64KiB": 64 << 10, "8GiB": 8 << 30, "1.5MiB": 3 << 19, "10MB": 10e6, "1 KiB": 1024} {
		if got, err := ParseSize(text); got != want || err != nil {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "-5B", "KiB", "5kib", "NaNB", "9EiB", "99999999TiB", "infB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
	for _, d := range []Duration{0, Duration(90 * time.Minute), Duration(48 * time.Hour), Duration(1500 * time.Millisecond)} {
		if back, err := ParseDuration(d.String()); back != d.Std() || err != nil {
			t.Errorf("%v: read back as %v, %v", d, back, err)
		}
	}
}
