package timestamp

import (
	"fmt"
	"strings"
	"time"
)

// Layout reads times of one form. It is immutable.
type Layout struct {
	read func(text []byte) (int64, bool)
}

// NewLayout returns a reader for a form: a layout of Go's package time
// ("02/Jan/2006:15:04:05 -0700"), or one of "auto" and "" (any usual form),
// "rfc3339", "epoch", "epoch_s", "epoch_ms", "epoch_us" and "epoch_ns". loc is
// the zone of times that name none.
func NewLayout(layout string, loc *time.Location) (*Layout, error) {
	if loc == nil {
		loc = time.UTC
	}
	switch layout {
	case "", "auto":
		return &Layout{func(b []byte) (int64, bool) { return Parse(b, loc) }}, nil
	case "rfc3339", time.RFC3339, time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04:05.000", "2006-01-02 15:04:05,000":
		return &Layout{func(b []byte) (int64, bool) { ns, _, ok := RFC3339(b, loc); return ns, ok }}, nil
	case "02/Jan/2006:15:04:05 -0700":
		return &Layout{CommonLog}, nil
	case "epoch":
		return &Layout{Epoch}, nil
	case "epoch_s", "epoch_ms", "epoch_us", "epoch_ns":
		unit := map[string]int64{"epoch_s": 1e9, "epoch_ms": 1e6, "epoch_us": 1e3, "epoch_ns": 1}[layout]
		return &Layout{func(b []byte) (int64, bool) { return number(b, unit) }}, nil
	}
	if strings.IndexFunc(layout, func(r rune) bool { return r >= '0' && r <= '9' || r == 'J' || r == '_' }) < 0 {
		return nil, fmt.Errorf("time layout %q has no part of Go's reference time, Mon Jan 2 15:04:05 MST 2006", layout)
	}
	return &Layout{func(b []byte) (int64, bool) { return goLayout(layout, b, loc) }}, nil
}

// Parse reads text, which must be nothing but the time.
func (l *Layout) Parse(text []byte) (ns int64, ok bool) { return l.read(text) }

// goLayout reads text by a layout of package time. A layout without a year
// (syslog's) gets the one that makes the time the latest that is not a day in
// the future.
func goLayout(layout string, text []byte, loc *time.Location) (int64, bool) {
	t, err := time.ParseInLocation(layout, string(text), loc)
	if err != nil {
		return 0, false
	}
	if t.Year() == 0 {
		now := time.Now()
		t = t.AddDate(now.Year(), 0, 0)
		if t.After(now.Add(24 * time.Hour)) {
			t = t.AddDate(-1, 0, 0)
		}
	}
	if t.Year() < minYear || t.Year() > maxYear {
		return 0, false
	}
	return t.UnixNano(), true
}

// number reads an epoch of a known unit.
func number(b []byte, unit int64) (int64, bool) {
	whole, i := int64(0), 0
	for i < len(b) && b[i]-'0' <= 9 {
		if whole = whole*10 + int64(b[i]-'0'); whole > (1<<63-1)/unit-1 || i == 18 && unit > 1 {
			return 0, false
		}
		i++
	}
	if i == 0 || i > 19 {
		return 0, false
	}
	if i == len(b) {
		return whole * unit, true
	}
	frac, n := fraction(b[i+1:])
	if b[i] != '.' || n == 0 || i+1+n != len(b) {
		return 0, false
	}
	return whole*unit + int64(frac)*unit/1e9, true
}
