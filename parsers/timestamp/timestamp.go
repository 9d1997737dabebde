// Package timestamp reads the times of log records. All functions return
// nanoseconds since 1970 and allocate nothing, but for unusual layouts.
package timestamp

import (
	"time"

	"github.com/renthub/sluice/internal/timefmt"
)

// The years that nanoseconds in an int64 can tell, less one at each end.
const minYear, maxYear = 1678, 2261

// Parse reads a time in any of the forms that loggers use without being told:
// RFC 3339 and its relatives, epoch seconds to nanoseconds, the common log
// format's. loc is the zone of times that name none.
func Parse(text []byte, loc *time.Location) (ns int64, ok bool) {
	if ns, _, ok = RFC3339(text, loc); ok {
		return ns, true
	}
	if ns, ok = Epoch(text); ok {
		return ns, true
	}
	return CommonLog(text)
}

// RFC3339 reads a date and time as RFC 3339 has it, and as loggers write it
// instead: a space for the T, a comma before the fraction, no colon in the
// zone, a space before it, no zone at all (then it is loc's). strict says that
// it is RFC 3339 to the letter, such as any destination reads.
func RFC3339(b []byte, loc *time.Location) (ns int64, strict, ok bool) {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[13] != ':' || b[16] != ':' {
		return 0, false, false
	}
	if b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return 0, false, false
	}
	year := two(b, 0)*100 + two(b, 2)
	c := clock{year, two(b, 5), two(b, 8), two(b, 11), two(b, 14), two(b, 17), 0}
	if !c.valid() {
		return 0, false, false
	}
	strict = b[10] == 'T' && c.sec < 60
	i := 19
	if i < len(b) && (b[i] == '.' || b[i] == ',') {
		strict = strict && b[i] == '.'
		var n int
		if c.nsec, n = fraction(b[i+1:]); n == 0 {
			return 0, false, false
		}
		strict = strict && n <= 9
		i += 1 + n
	}
	if i < len(b) && b[i] == ' ' {
		strict = false
		i++
	}
	if i == len(b) {
		return c.in(loc), false, true
	}
	offset, colon, ok := zone(b[i:])
	// Java, and so Elasticsearch, knows no zone beyond 18 hours.
	strict = strict && colon && offset >= -18*3600 && offset <= 18*3600
	return c.utc() - offset*1e9, strict, ok
}

// CommonLog reads a time of the common log format, 24/Nov/2026:10:02:57 +0000.
func CommonLog(b []byte) (ns int64, ok bool) {
	if len(b) != 26 || b[2] != '/' || b[6] != '/' || b[11] != ':' || b[14] != ':' || b[17] != ':' || b[20] != ' ' {
		return 0, false
	}
	c := clock{two(b, 7)*100 + two(b, 9), month(b[3:6]), two(b, 0), two(b, 12), two(b, 15), two(b, 18), 0}
	offset, _, ok := zone(b[21:])
	if !ok || !c.valid() {
		return 0, false
	}
	return c.utc() - offset*1e9, true
}

// clock is a date and a time of day.
type clock struct{ year, month, day, hour, min, sec, nsec int }

// valid checks every part. A part with a byte that is no digit is far out of
// range. Second 60 is a leap second.
func (c *clock) valid() bool {
	return c.year >= minYear && c.year <= maxYear && c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= timefmt.DaysIn(c.year, c.month) &&
		c.hour >= 0 && c.hour < 24 && c.min >= 0 && c.min < 60 && c.sec >= 0 && c.sec <= 60
}

func (c *clock) utc() int64 {
	days := timefmt.Days(c.year, c.month, c.day)
	return (days*86400+int64(c.hour*3600+c.min*60+c.sec))*1e9 + int64(c.nsec)
}

func (c *clock) in(loc *time.Location) int64 {
	if loc == nil || loc == time.UTC {
		return c.utc()
	}
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.min, c.sec, c.nsec, loc).UnixNano()
}

// bad is what a digit pair that is none counts as: out of any range, and so
// much that no sum with good ones brings it back.
const bad = -1 << 30

// two reads two digits.
func two(b []byte, i int) int {
	hi, lo := b[i]-'0', b[i+1]-'0'
	if hi > 9 || lo > 9 {
		return bad
	}
	return int(hi)*10 + int(lo)
}

// fraction reads digits behind a decimal point as nanoseconds and counts them.
func fraction(b []byte) (nsec, n int) {
	scale := int(1e8)
	for n < len(b) && b[n]-'0' <= 9 {
		nsec += int(b[n]-'0') * scale
		scale /= 10
		n++
	}
	return nsec, n
}

// zone reads Z, +hh:mm, +hhmm or +hh, and nothing behind it. colon says that
// it is as RFC 3339 has it.
func zone(b []byte) (seconds int64, colon, ok bool) {
	switch {
	case len(b) == 1 && b[0] == 'Z':
		return 0, true, true
	case len(b) == 1 && b[0] == 'z', string(b) == "UTC", string(b) == "GMT":
		return 0, false, true
	case len(b) < 3 || b[0] != '+' && b[0] != '-':
		return 0, false, false
	}
	h, m := two(b, 1), 0
	switch {
	case len(b) == 6 && b[3] == ':':
		m, colon = two(b, 4), true
	case len(b) == 5:
		m = two(b, 3)
	case len(b) != 3:
		return 0, false, false
	}
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, false, false
	}
	seconds = int64(h*3600 + m*60)
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, colon, true
}

// month reads an English month's abbreviation; 0 is none.
func month(b []byte) int {
	switch string(b) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}
