package outputs

import (
	"errors"
	"fmt"
	"time"
)

// ErrTooLarge means that the destination refuses a request of this size: the
// pipeline sends it again in two, and a single document becomes a dead letter.
var ErrTooLarge = errors.New("request too large")

// Throttled means that the destination asks for a pause: send all again after
// it. After is 0 where the destination names no time.
type Throttled struct {
	After time.Duration
	Err   error
}

func (e *Throttled) Error() string { return fmt.Sprintf("throttled: %v", e.Err) }
func (e *Throttled) Unwrap() error { return e.Err }

// Unreachable means that there is nobody to send to, and that nothing was sent:
// send all again after a time, or as soon as something is taken.
type Unreachable struct {
	After time.Duration
	Err   error
}

func (e *Unreachable) Error() string { return e.Err.Error() }
func (e *Unreachable) Unwrap() error { return e.Err }

// Poisoned means that no document of the request can ever be taken.
type Poisoned struct{ Err error }

func (e *Poisoned) Error() string { return fmt.Sprintf("refused for good: %v", e.Err) }
func (e *Poisoned) Unwrap() error { return e.Err }

// Misconfigured means that a person must act (a wrong token, a missing
// template): the output is paused, its data is kept, and it is tried again
// slowly.
type Misconfigured struct{ Err error }

func (e *Misconfigured) Error() string { return fmt.Sprintf("needs attention: %v", e.Err) }
func (e *Misconfigured) Unwrap() error { return e.Err }

// Partial means that the destination took all documents but some.
type Partial struct{ Failed []Failure }

// Failure is one document that was not taken.
type Failure struct {
	Index  int    // in the request
	Answer Answer // what to do with it
	Reason string // the destination's words, cut to a sane length
}

// Answer is what is to be done with a document that was not taken.
type Answer uint8

// The answers.
const (
	Retry      Answer = iota // send it again
	Poison                   // it can never be taken: dead letter
	NeedConfig               // a person must act: pause, then send it again
)

func (e *Partial) Error() string {
	if len(e.Failed) == 0 {
		return "no document failed"
	}
	return fmt.Sprintf("%d documents not taken, the first: %s", len(e.Failed), e.Failed[0].Reason)
}
