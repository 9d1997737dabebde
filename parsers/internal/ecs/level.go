package ecs

import (
	"bytes"

	"github.com/renthub/sluice/event"
)

// severity reads a level. ok says that the field can be the level: its text
// is kept even if it is no known one, a number that is none is not.
func (w *Row) severity(f event.Field, n *name) (s event.Severity, ok bool) {
	value := w.b.Bytes(f.Val)
	switch f.Kind {
	case event.String, event.JSONString:
		if s = ParseLevel(value); s != event.Unknown {
			return s, true
		}
		if s = levelNumber(value, n.text); s != event.Unknown {
			return s, true
		}
		return event.Unknown, len(value) > 0 && n.text != "priority" && n.text != "PRIORITY"
	case event.Number:
		s = levelNumber(value, n.text)
	}
	return s, s != event.Unknown
}

// ParseLevel is event.ParseLevel that also knows slog's way of naming what
// lies between its levels, "INFO+2".
func ParseLevel(text []byte) event.Severity {
	s := event.ParseLevel(text)
	if s != event.Unknown {
		return s
	}
	i := bytes.IndexAny(text, "+-")
	if i < 0 || i+2 > len(text) || text[i+1]-'0' > 9 {
		return s
	}
	if s = event.ParseLevel(text[:i]); s == event.Unknown {
		return s
	}
	n := 0
	for _, c := range text[i+1:] {
		if c -= '0'; c > 9 || n > 99 {
			return event.Unknown
		}
		n = n*10 + int(c)
	}
	if text[i] == '-' {
		n = -n
	}
	return event.Severity(min(max(int(s)+n, 1), 24))
}

// syslogLevels are the severities of syslog's numbers.
var syslogLevels = [8]event.Severity{event.Emergency, event.Alert, event.Critical, event.Error, event.Warn, event.Notice, event.Info, event.Debug}

// levelNumber reads a number as a level: syslog's 0 to 7 where the key is
// syslog's, OpenTelemetry's 1 to 24 where it is theirs, 10 to 60 of pino and
// bunyan, 100 to 600 of monolog.
func levelNumber(text []byte, key string) event.Severity {
	n := 0
	for _, c := range text {
		if c -= '0'; c > 9 || n > 99 {
			return event.Unknown
		}
		n = n*10 + int(c)
	}
	if len(text) == 0 {
		return event.Unknown
	}
	switch key {
	case "severity", "priority", "PRIORITY":
		if n < len(syslogLevels) {
			return syslogLevels[n]
		}
	case "severity_number", "severityNumber", "SeverityNumber":
		if n <= 24 {
			return event.Severity(n)
		}
		return event.Unknown
	}
	switch {
	case n < 10 || n > 600:
		return event.Unknown
	case n < 100:
		return [...]event.Severity{event.Trace, event.Debug, event.Info, event.Warn, event.Error, event.Fatal, event.Fatal, event.Fatal, event.Fatal}[n/10-1]
	case n < 200:
		return event.Debug
	case n < 250:
		return event.Info
	case n < 300:
		return event.Notice
	case n < 400:
		return event.Warn
	case n < 500:
		return event.Error
	case n < 550:
		return event.Critical
	case n < 600:
		return event.Alert
	}
	return event.Emergency
}

// levelName is the name of the level that s belongs to: that of the known one
// at or below it.
func levelName(s event.Severity) string {
	for ; s > event.Unknown; s-- {
		if name := s.String(); name != "" {
			return name
		}
	}
	return ""
}
