package tail

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/fsnotify/fsnotify"

	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
)

// Tailer reads a set of files. It implements inputs.Input and inputs.Reporter.
type Tailer struct {
	opts     Options
	deps     inputs.Deps
	patterns []*pattern
	metrics  *metrics
	reports  *box[report]
	workers  []*worker
	openEach int          // bodies that a worker may have open
	open     atomic.Int64 // bodies that the workers have open
	own      ownFiles

	newWatcher func() (*fsnotify.Watcher, error) // fsnotify's; tests have others

	mu      sync.Mutex
	live    map[*generation]struct{} // guarded by mu
	refused map[string]string        // guarded by mu: paths that cannot be read, and why
}

// New checks the options and returns a Tailer.
func New(o Options, d inputs.Deps) (*Tailer, error) {
	o = o.withDefaults(runtime.GOMAXPROCS(0))
	t := &Tailer{
		opts: o, deps: d, metrics: newMetrics(d.Metrics, d.Name), reports: newBox[report](),
		openEach:   max(1, o.MaxOpen/o.Workers),
		newWatcher: fsnotify.NewWatcher, // without a buffer: while its next event waits, the system merges those of one file
		live:       map[*generation]struct{}{}, refused: map[string]string{},
	}
	for _, path := range o.Paths {
		ps, err := parsePattern(path)
		if err != nil {
			return nil, err
		}
		t.patterns = append(t.patterns, ps...)
	}
	for _, ex := range o.Exclude {
		if !doublestar.ValidatePattern(ex) {
			return nil, errors.New("read exclude " + ex + ": syntax error in pattern")
		}
	}
	for range o.Workers {
		framer, err := framing.New(o.Framing)
		if err != nil {
			return nil, err
		}
		t.workers = append(t.workers, &worker{t: t, framer: framer, inbox: newBox[order](), asked: map[string]bool{}})
	}
	return t, nil
}

// Run implements inputs.Input.
func (t *Tailer) Run(ctx context.Context, saved inputs.Positions, emit inputs.Emit) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(t.workers))
	var wait sync.WaitGroup
	for i, w := range t.workers {
		w.emit = emit
		wait.Go(func() {
			if errs[i] = w.run(ctx); errs[i] != nil {
				cancel() // the pipeline stops: so do the others
			}
		})
	}
	s := newScanner(t)
	s.run(ctx, saved)
	wait.Wait()
	return errors.Join(errs...)
}

// Report implements inputs.Reporter.
func (t *Tailer) Report() []inputs.Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]inputs.Status, 0, len(t.live)+len(t.refused))
	for g := range t.live {
		out = append(out, g.status())
	}
	for path, why := range t.refused {
		out = append(out, inputs.Status{Source: path, Size: -1, Note: why})
	}
	return out
}
