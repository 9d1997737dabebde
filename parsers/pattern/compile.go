package pattern

import (
	"fmt"
	"strings"
)

// compile reads a pattern. names are those of its captures, "" for <_>.
func compile(pattern string) (p *parser, names []string, err error) {
	p = &parser{}
	rest := pattern
	for {
		literal, capture, more, err := cut(rest)
		if err != nil {
			return nil, nil, err
		}
		switch n := len(p.parts); {
		case n == 0:
			p.prefix = []byte(literal)
		case literal == "" && capture != "":
			return nil, nil, fmt.Errorf("nothing stands between <%s> and the capture before it, so nobody can tell where one ends", capture)
		default:
			p.parts[n-1].until = []byte(literal)
		}
		if capture == "" {
			break
		}
		name, form, err := captureOf(capture)
		if err != nil {
			return nil, nil, err
		}
		p.parts = append(p.parts, part{form: form})
		names = append(names, name)
		rest = more
	}
	if len(p.parts) == 0 {
		return nil, nil, fmt.Errorf("the pattern has no capture such as <message>")
	}
	if len(p.parts) > maxCaptures {
		return nil, nil, fmt.Errorf("the pattern has more than %d captures", maxCaptures)
	}
	return p, names, nil
}

// cut splits a pattern into the literal that it begins with, the inside of the
// capture behind it, and the rest.
func cut(s string) (literal, capture, rest string, err error) {
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '<' {
			text.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '<' {
			text.WriteByte('<')
			i++
			continue
		}
		capture, rest, ok := strings.Cut(s[i+1:], ">")
		if !ok || capture == "" {
			return "", "", "", fmt.Errorf("the < at byte %d begins no capture; a literal one is written <<", len(s[:i]))
		}
		return text.String(), capture, rest, nil
	}
	return text.String(), "", "", nil
}

// captureOf reads the inside of a capture, "name" or "name:int".
func captureOf(s string) (name string, f form, err error) {
	name, kind, typed := strings.Cut(s, ":")
	switch {
	case !typed:
	case kind == "int":
		f = integer
	case kind == "float":
		f = float
	default:
		return "", text, fmt.Errorf("<%s> asks for %q, but a capture is text, int or float", s, kind)
	}
	if name == "_" {
		name = ""
	}
	return name, f, nil
}
