package event

// Severity is an OpenTelemetry severity number: 1-4 trace, 5-8 debug, 9-12
// info, 13-16 warn, 17-20 error, 21-24 fatal; 0 is not known.
type Severity uint8

// The severities of the usual level names.
const (
	Unknown   Severity = 0
	Trace     Severity = 1
	Debug     Severity = 5
	Info      Severity = 9
	Notice    Severity = 10
	Warn      Severity = 13
	Error     Severity = 17
	Critical  Severity = 18
	Alert     Severity = 19
	Emergency Severity = 21
	Fatal     Severity = 22
)

var severityNames = [25]string{
	Trace: "trace", Debug: "debug", Info: "info", Notice: "notice", Warn: "warn",
	Error: "error", Critical: "critical", Alert: "alert", Emergency: "emergency", Fatal: "fatal",
}

// String is the level's name in documents, or "" if it is not known.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return ""
}

// ParseLevel returns the severity that a level's text means, in any case and
// with the common abbreviations, or Unknown.
func ParseLevel(text []byte) Severity {
	if len(text) == 0 || len(text) > 13 {
		return Unknown
	}
	var low [13]byte
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		low[i] = c
	}
	switch string(low[:len(text)]) {
	case "trace", "trc", "verbose", "finest", "finer", "silly":
		return Trace
	case "debug", "dbg", "dbug", "fine", "config":
		return Debug
	case "info", "inf", "information", "informational", "http":
		return Info
	case "notice":
		return Notice
	case "warn", "warning", "wrn":
		return Warn
	case "error", "err", "eror", "severe":
		return Error
	case "critical", "crit":
		return Critical
	case "alert":
		return Alert
	case "emergency", "emerg":
		return Emergency
	case "fatal", "panic", "dpanic", "ftl", "fatl":
		return Fatal
	}
	return Unknown
}
