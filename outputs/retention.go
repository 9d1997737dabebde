package outputs

import (
	"context"
	"fmt"
	"time"
)

// Retainer is implemented by outputs whose destination deletes old documents
// by itself, and can be told when.
type Retainer interface {
	// PlanRetention compares the config's classes with what the destination
	// has and changes nothing. What is as it should be is in the plan too, as
	// KeepRetention.
	PlanRetention(ctx context.Context) ([]RetentionChange, error)
	// ApplyRetention makes the given changes of a plan, in order, and ends at
	// the first that fails; those that are none, KeepRetention and
	// WarnRetention, it passes over. It refuses one that shortens and is not Confirmed,
	// and one whose destination has changed since the plan.
	ApplyRetention(ctx context.Context, changes []RetentionChange) error
}

// RetentionChange is one thing at a destination that has a retention, and what
// the config says of it.
type RetentionChange struct {
	Action  RetentionAction
	Class   string        // the retention class
	Kind    string        // what is changed, in the destination's words: "index template", "data stream"
	Name    string        // its name there
	Have    time.Duration // what it really keeps now, whoever said so; 0 is for ever. Without meaning for CreateRetention
	Want    time.Duration // what the class says; 0 is for ever
	Warning string        // what a person should know, or ""
	// Confirmed is set by who asked a person, on a change that shortens:
	// documents are deleted that would have been kept.
	Confirmed bool
}

// RetentionAction is what a change does.
type RetentionAction uint8

// The actions.
const (
	CreateRetention  RetentionAction = iota // there is nothing yet
	ExtendRetention                         // keep for longer
	ShortenRetention                        // keep for less: only with --shorten CLASS
	WarnRetention                           // nothing that we can change; Warning says why
	KeepRetention                           // it is as it should be
)

// Changes reports whether the action changes anything.
func (a RetentionAction) Changes() bool { return a != WarnRetention && a != KeepRetention }

func (a RetentionAction) String() string {
	switch a {
	case CreateRetention:
		return "create"
	case ExtendRetention:
		return "extend"
	case ShortenRetention:
		return "shorten"
	case WarnRetention:
		return "warn"
	case KeepRetention:
		return "keep"
	}
	return fmt.Sprintf("RetentionAction(%d)", uint8(a))
}

// CompareRetention returns the action that takes a destination from have to
// want, and false if they are the same: KeepRetention. 0 is for ever.
func CompareRetention(have, want time.Duration) (RetentionAction, bool) {
	switch {
	case have == want:
		return KeepRetention, false
	case want == 0, have != 0 && want > have:
		return ExtendRetention, true
	}
	return ShortenRetention, true
}
