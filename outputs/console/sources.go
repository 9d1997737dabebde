package console

import (
	"bytes"
	"unicode/utf8"
)

const (
	maxSources    = 256 // whose names are remembered; the rest are shown without a colour
	maxLabelWidth = 20
)

// sources are the names of where the lines come from.
type sources struct {
	seen  map[string]colour
	width int // of the widest name
}

// add takes note of a name and returns its colour.
func (s *sources) add(name []byte) colour {
	if c, ok := s.seen[string(name)]; ok {
		return c
	}
	if len(s.seen) == maxSources {
		return ""
	}
	c := palette[len(s.seen)%len(palette)]
	s.seen[string(name)] = c
	s.width = max(s.width, min(utf8.RuneCount(name), maxLabelWidth))
	return c
}

// several reports whether lines need their source's name.
func (s *sources) several() bool { return len(s.seen) > 1 }

// label returns the short name of a document's source: its service, the last
// part of its file's path, or its stream.
func (f *parts) label() []byte {
	switch {
	case len(f.service) > 0:
		return f.service
	case len(f.file) > 0:
		return f.file[bytes.LastIndexAny(f.file, `/\`)+1:]
	}
	return f.stream
}

// appendLabel appends name in a column of the widest name's width.
func (p *Printer) appendLabel(dst, name []byte, c colour) []byte {
	width := utf8.RuneCount(name)
	dst = p.begin(dst, c)
	if width > maxLabelWidth {
		dst = append(dst, firstRunes(name, maxLabelWidth-1)...)
		dst = append(dst, "…"...)
		width = maxLabelWidth
	} else {
		dst = append(dst, name...)
	}
	dst = p.end(dst, c)
	return appendBlanks(dst, p.sources.width-width)
}

func firstRunes(s []byte, n int) []byte {
	for i := range string(s) {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func appendBlanks(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, ' ')
	}
	return dst
}
