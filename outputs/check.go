package outputs

import (
	"context"
	"fmt"
)

// Checker is implemented by outputs that can find out what would go wrong
// before anything is sent. `sluice doctor` shows what they find.
type Checker interface {
	// Check tries in order what Send needs and changes nothing at the
	// destination. It ends where the rest would make no sense.
	Check(ctx context.Context) []Finding
}

// Finding is the result of one step of a check.
type Finding struct {
	Step   string // what was tried: "resolve", "connect", "tls", "log in", "index", "clock"
	Status CheckStatus
	Detail string // what was found, one line: "certificate of es-1 is good for 12 days"
	Hint   string // what to do, unless all is well
}

// CheckStatus is how a step of a check ended.
type CheckStatus uint8

// The states.
const (
	CheckPassed CheckStatus = iota
	CheckWarned             // it works, a person should know something
	CheckFailed             // Send would fail
)

func (s CheckStatus) String() string {
	switch s {
	case CheckPassed:
		return "ok"
	case CheckWarned:
		return "warn"
	case CheckFailed:
		return "fail"
	}
	return fmt.Sprintf("CheckStatus(%d)", uint8(s))
}
