package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time, written as a string: "5s", "1h30m", "400d",
// "2w". A bare number is not one.
type Duration time.Duration

// Std is d as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String is d in the largest unit that gives it exactly.
func (d Duration) String() string {
	best, std := "", time.Duration(d)
	var size time.Duration
	for _, u := range durationUnits {
		if std != 0 && std%u.size == 0 && u.size > size {
			best, size = strconv.FormatInt(int64(std/u.size), 10)+u.name, u.size
		}
	}
	if best == "" {
		return std.String()
	}
	return best
}

// UnmarshalText reads d from its string form.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText is String, for JSON.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

var durationUnits = []struct {
	name string
	size time.Duration
}{
	{"w", 7 * 24 * time.Hour},
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"ms", time.Millisecond},
	{"m", time.Minute},
	{"us", time.Microsecond},
	{"s", time.Second},
}

var errDuration = errors.New(`a duration is a number and a unit, such as "500ms", "5s", "10m", "24h", "3d" or "2w"`)

// ParseDuration reads a duration that is not negative: numbers, each with one
// of the units us, ms, s, m, h, d, w, in a row.
func ParseDuration(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	var sum time.Duration
	rest := text
	for rest != "" {
		part, after, err := cutDuration(rest)
		if err != nil {
			return 0, fmt.Errorf("read %q: %w", text, err)
		}
		if sum += part; sum < 0 {
			return 0, fmt.Errorf("read %q: a duration ends at 292 years", text)
		}
		rest = after
	}
	if text == "" {
		return 0, errDuration
	}
	return sum, nil
}

// cutDuration reads one number and its unit from the front of text.
func cutDuration(text string) (time.Duration, string, error) {
	n := 0
	for n < len(text) && (text[n] >= '0' && text[n] <= '9' || text[n] == '.') {
		n++
	}
	for _, u := range durationUnits {
		after, ok := strings.CutPrefix(text[n:], u.name)
		if n == 0 || !ok || u.name == "m" && strings.HasPrefix(after, "s") {
			continue
		}
		v, err := strconv.ParseFloat(text[:n], 64)
		if err != nil {
			return 0, "", errDuration
		}
		total := v * float64(u.size)
		if total >= 1<<63 {
			return 0, "", errors.New("a duration ends at 292 years")
		}
		if whole, err := strconv.ParseInt(text[:n], 10, 64); err == nil {
			return time.Duration(whole) * u.size, after, nil
		}
		return time.Duration(total), after, nil
	}
	return 0, "", errDuration
}
