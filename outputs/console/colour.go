package console

import "github.com/renthub/sluice/event"

// colour is an SGR sequence, or "" for none.
type colour string

const (
	dim    colour = "\x1b[2m"
	reset  colour = "\x1b[0m"
	red    colour = "\x1b[31m"
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
	cyan   colour = "\x1b[36m"
	alarm  colour = "\x1b[1;31m"
)

// palette are the colours of sources, in the order in which they appear. Red
// and yellow are for levels.
var palette = [...]colour{cyan, "\x1b[35m", "\x1b[34m", green, "\x1b[96m", "\x1b[95m", "\x1b[94m", "\x1b[92m"}

// level is how a severity is shown: always five columns.
type level struct {
	text   string
	colour colour
}

func levelOf(s event.Severity) level {
	switch {
	case s == event.Unknown:
		return level{"     ", ""}
	case s < event.Debug:
		return level{"TRACE", dim}
	case s < event.Info:
		return level{"DEBUG", dim}
	case s == event.Notice:
		return level{"NOTE ", cyan}
	case s < event.Warn:
		return level{"INFO ", green}
	case s < event.Error:
		return level{"WARN ", yellow}
	case s == event.Critical:
		return level{"CRIT ", alarm}
	case s == event.Alert:
		return level{"ALERT", alarm}
	case s < event.Emergency:
		return level{"ERROR", red}
	case s == event.Emergency:
		return level{"EMERG", alarm}
	}
	return level{"FATAL", alarm}
}

// paint appends text in a colour.
func (p *Printer) paint(dst []byte, c colour, text string) []byte {
	if !p.o.Colour || c == "" {
		return append(dst, text...)
	}
	return append(append(append(dst, c...), text...), reset...)
}

// begin appends the start of a colour, and end its end.
func (p *Printer) begin(dst []byte, c colour) []byte {
	if !p.o.Colour || c == "" {
		return dst
	}
	return append(dst, c...)
}

func (p *Printer) end(dst []byte, c colour) []byte {
	if !p.o.Colour || c == "" {
		return dst
	}
	return append(dst, reset...)
}
