package framing

import (
	"fmt"
	"regexp"
	"time"
)

// Multiline is the `multiline` block of an input, as its config struct holds it.
type Multiline struct {
	Start, Continue string
	Timeout         time.Duration
	MaxLines        int
	MaxBytes        int
}

// Rule returns what the block says, with the defaults for what it does not.
func (m Multiline) Rule() (*Rule, error) {
	start, err := compile("start", m.Start)
	if err != nil {
		return nil, err
	}
	cont, err := compile("continue", m.Continue)
	if err != nil {
		return nil, err
	}
	r, err := Match(start, cont)
	if err != nil {
		return nil, err
	}
	if m.Timeout > 0 {
		r.Timeout = m.Timeout
	}
	if m.MaxLines > 0 {
		r.MaxLines = m.MaxLines
	}
	if m.MaxBytes > 0 {
		r.MaxBytes = m.MaxBytes
	}
	return r, nil
}

func compile(name, expr string) (*regexp.Regexp, error) {
	if expr == "" {
		return nil, nil
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", name, err)
	}
	return re, nil
}
