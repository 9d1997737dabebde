package splunk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// PlanRetention implements outputs.Retainer. An index keeps as long as its own
// settings say, and HEC neither shows nor changes them: so for each class the
// plan says which index it goes to and what must be set there.
func (o *Output) PlanRetention(context.Context) ([]outputs.RetentionChange, error) {
	sharing := map[string][]outputs.Class{}
	for _, c := range o.classes {
		index := o.indexOf(c.Name)
		sharing[index] = append(sharing[index], c)
	}
	plan := make([]outputs.RetentionChange, len(o.classes))
	for i, c := range o.classes {
		index := o.indexOf(c.Name)
		plan[i] = outputs.RetentionChange{
			Action: outputs.WarnRetention, Class: c.Name, Kind: "index", Name: index, Want: c.Keep,
			Warning: advice(c, index, sharing[index]),
		}
	}
	return plan, nil
}

// advice says what a person must do so that an index keeps what its classes
// say. sharing are all classes of the index.
func advice(c outputs.Class, index string, sharing []outputs.Class) string {
	longest := slices.MaxFunc(sharing, func(a, b outputs.Class) int { return compareKeep(a.Keep, b.Keep) }).Keep
	text := "HEC does not tell how long an index keeps: "
	where := "[" + index + "]"
	if index == defaultTarget {
		where = "the section of the token's default index"
	}
	if longest == 0 {
		text += fmt.Sprintf("set a frozenTimePeriodInSecs that is never reached under %s of indexes.conf, and a coldToFrozenDir", where)
	} else {
		text += fmt.Sprintf("set frozenTimePeriodInSecs = %d under %s of indexes.conf", int64((longest+time.Second-1)/time.Second), where)
	}
	text += "; a maxTotalDataSizeMB that is reached deletes earlier, and whole buckets go by their newest event"
	if longest != c.Keep {
		var names []string
		for _, other := range sharing {
			names = append(names, other.Name)
		}
		text += fmt.Sprintf(". The classes %s share this index, so that the longest holds for all: give each its own by index or indexes", strings.Join(names, ", "))
	}
	return text
}

// compareKeep orders times of retention, of which 0 is for ever.
func compareKeep(a, b time.Duration) int {
	switch {
	case a == b:
		return 0
	case a == 0, b != 0 && a > b:
		return 1
	}
	return -1
}

var errRetention = errors.New("HEC cannot change what an index keeps: set frozenTimePeriodInSecs in indexes.conf")

// ApplyRetention implements outputs.Retainer. There is nothing that it can
// change.
func (o *Output) ApplyRetention(_ context.Context, changes []outputs.RetentionChange) error {
	for _, c := range changes {
		if c.Action.Changes() {
			return fmt.Errorf("change index %s: %w", c.Name, errRetention)
		}
	}
	return nil
}

// indexOf is the index of a class, with a * for what comes from events.
func (o *Output) indexOf(class string) string {
	if o.envelope.index == nil {
		return defaultTarget
	}
	if text := o.envelope.index.pattern(class); text != "" {
		return text
	}
	return defaultTarget
}

// pattern is the name of a class's documents, with a * for each other value.
func (n *names) pattern(class string) string {
	if text, ok := n.byClass[class]; ok {
		return text
	}
	return string(n.template.RenderParts(nil, anyOf(class), func(dst, value []byte) []byte {
		if string(value) == "*" {
			return append(dst, '*')
		}
		return n.appendConfined(dst, value)
	}))
}

// anyOf is a document of one class of which all else can be anything.
type anyOf string

func (r anyOf) Lookup(path string) event.Value {
	if path == classPath {
		return event.Value{Kind: event.String, Text: []byte(r)}
	}
	return event.Value{Kind: event.String, Text: []byte{'*'}}
}
