package buffer

import (
	"errors"
	"fmt"
	"github.com/renthub/sluice/internal/fsx"
	"os"
	"syscall"
	"time"
)

// healthState says why appends wait for the disk. Guarded by Log.mu.
type healthState struct {
	suspended bool // appends wait until repair succeeded
	broken    bool // the active segment takes no more records: it needs a successor
	poisoned  bool // a sync of the active segment failed: nothing it says is believed any more
	noSpace   bool
	failures  int // in a row, not counting a full disk
	retryAt   time.Time
	reason    error
}

// fail takes note that writing failed, and when to try again. poisoned says that it was a sync. The caller holds mu.
func (l *Log) fail(err error, poisoned bool) {
	h := &l.health
	h.suspended, h.broken = true, true
	h.poisoned = h.poisoned || poisoned
	h.reason = err
	h.noSpace = isNoSpace(err)
	if !h.noSpace {
		h.failures++
	}
	h.retryAt = time.Now()
	if h.failures >= failuresReadOnly || h.noSpace && l.file == nil {
		h.retryAt = h.retryAt.Add(probeInterval)
	}
	l.opts.Logger.Warn("log cannot be written", "error", err, "failures", h.failures, "no_space", h.noSpace)
}

// repair brings the log back to where appends may go on. It tries once, if it is time to.
func (l *Log) repair() {
	l.mu.Lock()
	h := l.health
	l.mu.Unlock()
	if !h.suspended || time.Now().Before(h.retryAt) {
		return
	}
	if h.noSpace {
		l.dropBallast()
		l.trim()
	}
	<-l.turn
	defer func() { l.turn <- struct{}{} }()
	if h.broken {
		// A failed write leaves what was written before: that can be synced where it is.
		if !h.poisoned && l.file != nil {
			l.sync()
		}
		if err := l.startSegment(); err != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.fail(err, false)
			return
		}
	}
	roomy := !h.noSpace || l.probeSpace()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !roomy {
		l.health.retryAt = time.Now().Add(probeInterval)
		return
	}
	l.health = healthState{failures: l.health.failures}
	l.settled.raise()
	l.opts.Logger.Info("log can be written again")
}

func (l *Log) lastError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health.reason
}

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// dropBallast gives the ballast's space to cursors and segment heads.
func (l *Log) dropBallast() {
	if err := l.removeIfThere(l.path(ballastName)); err != nil {
		l.opts.Logger.Warn("removing ballast failed", "error", err)
	}
}

// probeSpace reports whether the disk has room again: it can hold the ballast, and some more.
func (l *Log) probeSpace() bool {
	space, err := l.fs.Space(l.opts.Dir)
	if err != nil || space.Free < max(l.opts.Ballast, 0)+groupBytes {
		return false
	}
	return l.makeBallast() == nil
}

// fill writes size bytes of zeros.
func fill(f fsx.File, size int64) error {
	block := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(block)) {
		if _, err := f.WriteAt(block[:min(int64(len(block)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}

// makeBallast fills the ballast file if there is none.
func (l *Log) makeBallast() error {
	if l.opts.Ballast <= 0 {
		return nil
	}
	info, err := l.fs.Stat(l.path(ballastName))
	if err == nil && info.Size() >= l.opts.Ballast {
		return nil
	}
	f, err := l.fs.OpenFile(l.path(ballastName), os.O_RDWR|os.O_CREATE|os.O_TRUNC, filePerm)
	if err != nil {
		return fmt.Errorf("create ballast: %w", err)
	}
	if r, ok := f.(fsx.Reserver); !ok || r.Reserve(l.opts.Ballast) != nil {
		err = fill(f, l.opts.Ballast)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("fill ballast: %w", err), l.removeIfThere(l.path(ballastName)))
	}
	return nil
}
