package tail

import (
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs/framing"
)

// Options say what is read, and how. The zero value of a field is its default.
type Options struct {
	Paths   []string // globs, with **; relative ones are made absolute
	Exclude []string // globs of names, or of whole paths if they contain a slash
	Framing framing.Config

	// StartAtEnd makes the first start pass over what files already hold. Lines is how many of their last lines it reads
	// all the same. Both only count where there is no saved position at all.
	StartAtEnd bool
	Lines      int
	// IgnoreOlder leaves files alone that were not written for so long, until they are. 0 reads all.
	IgnoreOlder time.Duration
	// Once makes Run return when all files have been read to their ends, instead of following them.
	Once bool

	RotateWait     time.Duration // how long a file without a name is held after its last byte; 10 s
	PartialTimeout time.Duration // after which idle time a last line without its end is taken; 0 waits until the file is gone
	Poll           time.Duration // how often the sizes of known files are looked at; 5 s
	Rescan         time.Duration // how often all folders are listed; 10 s
	MaxOpen        int           // files open at a time; 512
	MaxHeld        int64         // bytes of deleted files that wait to be read, 2 GiB; beyond it they are given up
	Workers        int           // GOMAXPROCS, at most 4

	// Describe adds constant fields to a new file's source and may name its stream. It may be called concurrently.
	Describe func(path string, src *event.Source)
}

func (o Options) withDefaults(procs int) Options {
	def := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	def(&o.RotateWait, 10*time.Second)
	def(&o.Poll, 5*time.Second)
	def(&o.Rescan, 10*time.Second)
	if o.MaxOpen <= 0 {
		o.MaxOpen = 512
	}
	if o.MaxHeld <= 0 {
		o.MaxHeld = 2 << 30
	}
	if o.Workers <= 0 {
		o.Workers = min(procs, 4)
	}
	return o
}
