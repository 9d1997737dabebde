package buffer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/renthub/sluice/internal/fsx"
)

// Errors that callers tell apart.
var (
	// ErrClosed means that the log or the cursor was closed.
	ErrClosed = errors.New("log is closed")
	// ErrLocked means that another process has the log open; the error's text names it.
	ErrLocked = errors.New("log is in use by another process")
)

const (
	lockName       = "LOCK"
	ballastName    = "ballast"
	cursorsName    = "cursors"
	quarantineName = "quarantine"
	dirPerm        = 0o700
	filePerm       = 0o600
)

// Log is a log on disk with one writer, this process, and a cursor for each output. Its methods may be called
// concurrently.
//
// One goroutine, the tender (tend.go), does all that is slow or rare: it syncs, starts segments, saves cursors
// and removes segments. Append itself only writes to the active segment, with the turn in hand.
type Log struct {
	opts     Options  // immutable
	fs       fsx.FS   // immutable
	recovery Recovery // immutable
	opened   time.Time
	lock     io.Closer

	turn  chan struct{} // one token: the right to write to the active segment, and to replace it
	kick  chan struct{} // wakes the tender
	calls chan func()   // run by the tender
	stop  chan struct{} // closed by Close
	done  chan struct{} // closed by the tender when it ends
	ended chan struct{} // closed by Close when all is done

	repairs chan *Repair // damaged records that are to be replaced

	file         fsx.File // the active segment; changed by the tender with the turn in hand
	scratch      []byte   // guarded by turn
	stateScratch []byte   // guarded by turn

	mu       sync.Mutex
	closed   bool       // guarded by mu, as is all below
	segments []*segment // oldest first, the last one is active; never empty
	next     uint64     // sequence of the next document
	state    stateMap   // as far as it is synced
	pending  []*cut     // appended, not synced
	cuts     uint64     // number of the last cut appended
	hot      hot
	tracks   map[string]*track
	news     signal // there is something for cursors
	settled  signal // something was synced, or appends may go on
	synced   commitState
	deferred deferState
	room     roomState
	health   healthState
	counters counters
}

// commitState is how far the log is synced, and what asks for more. Guarded by Log.mu.
type commitState struct {
	cut      uint64 // last cut that is on disk
	seq      uint64 // sequence after the last document that is on disk
	unsynced int64  // bytes that wait
	now      bool   // somebody waits: do not delay
	roll     bool   // the active segment is full
}

// cut is what one Append wrote.
type cut struct {
	number  uint64
	records []*Record
	size    int64 // bytes written
	docs    uint64
	at      time.Time // when it was appended
	hurry   bool      // it has a Sync record
	now     bool      // it has an Introduces record
}

// Open opens the log in a folder, creates it if there is none, and repairs what a crash left. Corrupt, missing
// and foreign files cost only themselves: Recovery says what was found. Open all cursors before the first
// Append: until then a log knows no output, and must take each cursor it finds for one.
func Open(o Options) (*Log, error) {
	start := time.Now()
	fsys := o.FS
	if fsys == nil {
		fsys = fsx.OS{}
	}
	if err := fsx.MkdirAll(fsys, filepath.Join(o.Dir, cursorsName), dirPerm); err != nil {
		return nil, fmt.Errorf("create log folder: %w", err)
	}
	space, err := fsys.Space(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("measure file system: %w", err)
	}
	o = o.withDefaults(space.Total)
	lock, err := fsys.Lock(filepath.Join(o.Dir, lockName), fmt.Sprintf("%d", os.Getpid()))
	if locked := (*fsx.LockedError)(nil); errors.As(err, &locked) {
		return nil, fmt.Errorf("open %s: %w: pid %s", o.Dir, ErrLocked, locked.Owner)
	}
	if err != nil {
		return nil, fmt.Errorf("lock log: %w", err)
	}
	l := &Log{
		opts: o, fs: fsys, opened: o.Now(), lock: lock,
		turn: make(chan struct{}, 1), kick: make(chan struct{}, 1),
		calls: make(chan func()), stop: make(chan struct{}), done: make(chan struct{}), ended: make(chan struct{}),
		tracks: map[string]*track{}, repairs: make(chan *Repair, maxRepairs),
	}
	if err := l.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("recover log: %w", err), lock.Close())
	}
	l.recovery.Duration = time.Since(start)
	l.turn <- struct{}{}
	go l.tend()
	return l, nil
}

// Recovery says what opening the log found.
func (l *Log) Recovery() Recovery { return l.recovery }

// Close syncs, saves the cursors, and lets go of the folder. Appends and Next that wait return ErrClosed.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed
	}
	l.closed = true
	l.news.raise()
	l.settled.raise()
	l.mu.Unlock()
	close(l.stop)
	<-l.done
	<-l.turn // a writer that was at it has ended; those to come find the log closed
	l.turn <- struct{}{}
	err := l.finish()
	close(l.ended)
	return errors.Join(err, l.lock.Close())
}

// Sync returns when all that was appended before is on disk.
func (l *Log) Sync(ctx context.Context) error {
	l.mu.Lock()
	t := Ticket{l, l.cuts}
	l.synced.now = true
	l.mu.Unlock()
	l.wake()
	return t.Wait(ctx)
}

// wake lets the tender look at what there is to do.
func (l *Log) wake() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// call runs f in the tender, so that it has the files to itself, and waits for it.
func (l *Log) call(f func()) error {
	ran := make(chan struct{})
	select {
	case l.calls <- func() { f(); close(ran) }:
		<-ran
		return nil
	case <-l.done:
		return ErrClosed
	}
}

func (l *Log) path(name ...string) string {
	return filepath.Join(append([]string{l.opts.Dir}, name...)...)
}

// active is the segment that is written to. The caller holds mu.
func (l *Log) active() *segment { return l.segments[len(l.segments)-1] }

// now is the time for ages. It moves as the monotonic clock does, so that a jump of the wall clock while we run
// does not age anything.
func (l *Log) now() time.Time { return l.opened.Round(0).Add(l.opts.Now().Sub(l.opened)) }
