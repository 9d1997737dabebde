package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Size is a number of bytes, written as a string: "512KiB", "8GiB", "10MB". A
// bare number is not one.
type Size int64

var sizeUnits = []struct {
	name string
	size int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3},
	{"B", 1},
}

// String is s in the largest binary unit that gives it exactly.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.size == 0 {
			return strconv.FormatInt(int64(s)/u.size, 10) + u.name
		}
	}
	return "0B"
}

// UnmarshalText reads s from its string form.
func (s *Size) UnmarshalText(text []byte) error {
	v, err := ParseSize(string(text))
	*s = v
	return err
}

// MarshalText is String, for JSON.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

var errSize = errors.New(`a size is a number and a unit, such as "64KiB", "10MiB" or "8GiB"`)

// ParseSize reads a size that is not negative.
func ParseSize(text string) (Size, error) {
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || v < 0 || v != v {
			break
		}
		if v*float64(u.size) >= 1<<63 {
			return 0, fmt.Errorf("read %q: a size ends at 8 EiB", text)
		}
		return Size(v * float64(u.size)), nil
	}
	return 0, fmt.Errorf("read %q: %w", text, errSize)
}
