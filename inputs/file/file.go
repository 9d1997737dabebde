// Package file is the input that reads log files: those that are there, those that come, and on after a restart where it
// stopped, through every kind of rotation.
package file

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
	"github.com/renthub/sluice/inputs/tail"
	"github.com/renthub/sluice/internal/config"
)

// Type is `input "file"`.
var Type = inputs.Define("file", Config{
	StartAt:      "beginning",
	OnLongLine:   "split",
	MaxLineSize:  framing.DefaultMaxLine,
	RotateWait:   config.Duration(10 * time.Second),
	Poll:         config.Duration(5 * time.Second),
	Rescan:       config.Duration(10 * time.Second),
	MaxOpenFiles: 512,
	MaxHeldBytes: 2 << 30,
}, open)

func open(c Config, d inputs.Deps) (inputs.Input, error) {
	if len(c.Paths) == 0 {
		return nil, errors.New("open file input: paths is empty")
	}
	if err := oneOf("start_at", c.StartAt, "beginning", "end"); err != nil {
		return nil, err
	}
	if err := oneOf("on_long_line", c.OnLongLine, "split", "truncate"); err != nil {
		return nil, err
	}
	rule, err := d.Rule()
	if err != nil {
		return nil, err
	}
	return tail.New(tail.Options{
		Paths: c.Paths, Exclude: c.Exclude,
		StartAtEnd: c.StartAt == "end", IgnoreOlder: c.IgnoreOlder.Std(),
		Framing:    framing.Config{Encoding: c.Encoding, MaxLine: int(c.MaxLineSize), Truncate: c.OnLongLine == "truncate", Rule: rule},
		RotateWait: c.RotateWait.Std(), PartialTimeout: c.PartialTimeout.Std(),
		Poll: c.Poll.Std(), Rescan: c.Rescan.Std(),
		MaxOpen: c.MaxOpenFiles, MaxHeld: int64(c.MaxHeldBytes),
	}, d)
}

func oneOf(key, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("open file input: %s is %q, not one of %q", key, value, allowed)
}
