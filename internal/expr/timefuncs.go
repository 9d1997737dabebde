package expr

import (
	"strings"
	"time"

	"github.com/renthub/sluice/event"
)

// timeOf reads a time: RFC 3339 text, or seconds or milliseconds since 1970.
func timeOf(v value) (time.Time, bool) {
	switch v.kind {
	case text:
		t, err := time.Parse(time.RFC3339Nano, string(v.bytes))
		return t, err == nil
	case number:
		f, ok := numberOf(v)
		switch {
		case !ok || f > 1e14 || f < -1e14:
			return time.Time{}, false
		case f > 1e11: // in seconds this would be the year 5138
			return time.UnixMilli(int64(f)).UTC(), true
		}
		return time.Unix(int64(f), 0).UTC(), true
	}
	return time.Time{}, false
}

// timeFunction is a function of one time.
func timeFunction(f func(t time.Time, s *scratch) value) builder {
	return func(c *compiler, n *node, args []*node) {
		if !c.textual(args...) {
			return
		}
		of := args[0].evaluator()
		n.eval = func(r event.Record, s *scratch) value {
			t, ok := timeOf(of(r, s))
			if !ok {
				return nothing
			}
			return f(t, s)
		}
	}
}

func unixOf(t time.Time, s *scratch) value { return floatValue(float64(t.Unix()), s) }
func hourOf(t time.Time, s *scratch) value { return floatValue(float64(t.Hour()), s) }
func ageOf(t time.Time, s *scratch) value  { return floatValue(time.Since(t).Seconds(), s) }

func weekdayOf(t time.Time, s *scratch) value {
	return s.made(func(dst []byte) []byte { return append(dst, strings.ToLower(t.Weekday().String())...) })
}

// buildFormatTime compiles format_time(layout, time), the layout as Go has it.
func buildFormatTime(c *compiler, n *node, args []*node) {
	if args[0].constant == nil || args[0].typ != text || !strings.ContainsAny(string(args[0].constant.bytes), "123456") {
		c.fail(args[0].rng, "Not a layout", `The layout comes first and shows how 2 January 2006, 15:04:05 is written: format_time("2006-01-02", timestamp).`)
		return
	}
	layout, of := string(args[0].constant.bytes), args[1].evaluator()
	n.eval = func(r event.Record, s *scratch) value {
		t, ok := timeOf(of(r, s))
		if !ok {
			return nothing
		}
		return s.made(func(dst []byte) []byte { return t.AppendFormat(dst, layout) })
	}
}
