package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

const (
	// maxRequest makes large frames, which compress well and cost one sync.
	maxRequest = 4 << 20
	// maxKept is the largest frame whose memory is kept for the next.
	maxKept = 4 << 20
	// expireEvery is how often files are looked for whose days are over.
	expireEvery = time.Hour
)

// archive is the output.
type archive struct {
	now     func() time.Time
	root    string        // the archive's folder; immutable
	turn    chan struct{} // holds an element while a request, or expiry, owns what follows
	files   *files
	keeper  keeper
	groups  groups
	frame   *frame
	metrics metrics
	claim   claim
	stop    chan struct{} // closed by Close
	running sync.WaitGroup
}

func newArchive(root *os.Root, f *form, c Config, d outputs.Deps) *archive {
	m := newMetrics(d)
	a := &archive{
		now:     d.Now,
		root:    f.root,
		turn:    make(chan struct{}, 1),
		files:   newFiles(root, c, d.Logger, m),
		keeper:  keeper{root: root, form: f, classes: d.Classes, log: d.Logger, metrics: m},
		groups:  groups{folders: newFolders(f, c.MaxFolders, m), places: map[key]int{}},
		frame:   newFrame(),
		metrics: m,
		stop:    make(chan struct{}),
	}
	a.expire()
	a.running.Go(a.expireHourly)
	return a
}

// Limits implements outputs.Output.
func (a *archive) Limits() outputs.Limits { return outputs.Limits{Bytes: maxRequest, InFlight: 1} }

// Send implements outputs.Output. Documents of files that could be written are
// not sent again for those of a file that could not.
func (a *archive) Send(ctx context.Context, r *outputs.Request) error {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-a.turn }()
	if err := a.claim.take(); err != nil {
		return &outputs.Misconfigured{Err: err}
	}
	a.groups.sort(r.Docs, a.now())
	var failed []outputs.Failure
	var first error
	for _, g := range a.groups.list {
		err := ctx.Err()
		if err == nil {
			err = a.write(g, r.Docs)
		}
		if err != nil {
			first = errors.Join(first, err)
			failed = appendFailures(failed, g, err)
		}
	}
	if len(failed) > 0 && len(failed) < len(r.Docs) {
		return &outputs.Partial{Failed: failed}
	}
	if needsPerson(first) {
		return &outputs.Misconfigured{Err: first}
	}
	return first
}

func appendFailures(dst []outputs.Failure, g group, err error) []outputs.Failure {
	answer := outputs.Retry
	if needsPerson(err) {
		answer = outputs.NeedConfig
	}
	for _, i := range g.docs {
		dst = append(dst, outputs.Failure{Index: i, Answer: answer, Reason: err.Error()})
	}
	return dst
}

// needsPerson reports whether trying again cannot help by itself. A full disk
// can: files expire.
func needsPerson(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, errNotOurs) || errors.Is(err, syscall.EROFS)
}

// write appends the documents of one file to it as one frame.
func (a *archive) write(g group, docs []event.Doc) error {
	a.frame.begin()
	for _, i := range g.docs {
		if err := a.frame.add(docs[i].JSON); err != nil {
			return err
		}
	}
	b, err := a.frame.end()
	if err != nil {
		return err
	}
	if err := a.files.append(g.key, b); err != nil {
		return err
	}
	a.metrics.written.Add(float64(len(b)))
	return nil
}

func (a *archive) expireHourly() {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.stop:
			return
		case <-tick.C:
		}
		select {
		case <-a.stop:
			return
		case a.turn <- struct{}{}:
		}
		a.expire()
		<-a.turn
	}
}

// expire deletes the files whose days are over.
func (a *archive) expire() { a.keeper.expire(a.now(), a.files.forget) }

// Close implements outputs.Output.
func (a *archive) Close() error {
	close(a.stop)
	a.running.Wait()
	return errors.Join(a.files.close(), a.claim.release())
}
