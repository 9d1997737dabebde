package buffer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/internal/fsx/simdisk"
)

// failSyncs makes the syncs of segments fail from the nth on, times times.
func failSyncs(n, times int) func(simdisk.Op) error {
	seen := 0
	return func(op simdisk.Op) error {
		if op.Kind != simdisk.Sync || !strings.Contains(op.Name, ".slg") {
			return nil
		}
		seen++
		if seen >= n && seen < n+times {
			return syscall.EIO
		}
		return nil
	}
}

func TestAFailedSyncIsNeverRepeatedOnTheSameFile(t *testing.T) {
	for n := 2; n < 12; n++ { // 1 would fail Open
		for _, times := range []int{1, 2, 4, -1} {
			disk := simdisk.New()
			disk.Fault = failSyncs(n, max(times, 1))
			w := newWorld(t)
			synctest.Test(t, func(t *testing.T) {
				w.t = t
				w.run(disk, script{cuts: 9, behind: true, quiet: times < 0})
			})
			for i, mode := range simdisk.Modes() {
				synctest.Test(t, func(t *testing.T) {
					c := w.clone(string(mode))
					c.t = t
					if len(c.synced) < 6 {
						c.errorf("only %d documents were written", len(c.synced))
					}
					c.check(disk.Crash(mode, uint64(i)))
				})
			}
		}
	}
}

func TestBytesBehindTheEndOfASegmentDoNotExist(t *testing.T) {
	disk := simdisk.New()
	disk.Fault = failSyncs(3, 1)
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) { w.t = t; w.run(disk, script{cuts: 5, behind: true}) })
	report, err := buffer.VerifyOn(disk, "/log")
	if err != nil || report.Documents != uint64(w.nextDoc) || len(report.Lost) > 0 || w.nextDoc == 0 {
		t.Errorf("verify: %+v, %v, want %d documents", report, err, w.nextDoc)
	}
}

func TestAFailingSyncThenAPowerCutLosesNothingThatWasAcknowledged(t *testing.T) {
	for n := 2; n < 9; n += 2 {
		for at := 15; ; at++ {
			disk := simdisk.New()
			disk.Fault = failSyncs(n, 2)
			disk.CrashAt = at
			w := newWorld(t)
			synctest.Test(t, func(t *testing.T) { w.t = t; w.run(disk, script{cuts: 7, quiet: n%4 == 0}) })
			for i, mode := range simdisk.Modes() {
				synctest.Test(t, func(t *testing.T) {
					c := w.clone(string(mode))
					c.t = t
					c.check(disk.Crash(mode, uint64(i)))
				})
			}
			if disk.Ops() < at || t.Failed() {
				break
			}
		}
	}
}

// The segment that takes over what could not be synced is in the folder, but nobody has synced the folder yet when the
// process is killed; then the power goes while the next one recovers.
func TestASegmentThatTookOverIsMadeDurableByRecovery(t *testing.T) {
	modes := []simdisk.Mode{simdisk.Sectors, simdisk.Entries, simdisk.LoseAll, simdisk.Reorder}
	hits := 0
	for n := 2; n < 9; n++ {
		for at := 15; ; at++ {
			disk := simdisk.New()
			disk.Fault = failSyncs(n, 1)
			disk.CrashAt = at
			w := newWorld(t)
			synctest.Test(t, func(t *testing.T) { w.t = t; w.run(disk, script{cuts: 7}) })
			w.t = t
			if disk.Ops() < at || t.Failed() {
				break
			}
			if log := disk.Log(); log[at-1].Kind == simdisk.SyncDir {
				hits++
				where := fmt.Sprintf("sync %d fails, killed at %d", n, at)
				crashAgain(t, w, where, modes, func() *simdisk.Disk { return disk.Crash(simdisk.Kill, 0) })
			}
		}
	}
	if hits == 0 {
		t.Error("no crash was between rename and sync of the folder")
	}
}

func TestThreeFailuresMakeTheLogReadOnlyUntilTheDiskIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		var failing atomic.Bool
		disk.Fault = func(op simdisk.Op) error {
			if failing.Load() && op.Kind == simdisk.Sync {
				return syscall.EIO
			}
			return nil
		}
		w := newWorld(t)
		l := open(t, w.options(disk))
		defer closeLog(t, l)
		failing.Store(true)
		ticket := appendCut(t, l, w.cut(3)...)
		time.Sleep(5 * time.Second)
		if s := l.Stats(); s.Condition != buffer.ReadOnly || !strings.Contains(s.Reason, "input/output error") {
			t.Errorf("condition is %s (%s), want read_only", s.Condition, s.Reason)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := l.Append(ctx, w.cut(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("append while read-only: %v, want it to wait", err)
		}
		failing.Store(false)
		if err := ticket.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		appendCut(t, l, w.cut(1)...)
		if s := l.Stats(); s.Condition != buffer.OK {
			t.Errorf("condition is %s (%s), want ok", s.Condition, s.Reason)
		}
	})
}

func TestAFullDiskPausesAppendsAndLosesNothing(t *testing.T) {
	for capacity := int64(24 << 10); capacity < 40<<10; capacity += 777 {
		synctest.Test(t, func(t *testing.T) { fillDisk(t, capacity, false) })
		synctest.Test(t, func(t *testing.T) { fillDisk(t, capacity, true) })
	}
}

func fillDisk(t *testing.T, capacity int64, later bool) {
	disk := simdisk.New()
	disk.Capacity = capacity
	w := newWorld(t)
	o := w.options(disk)
	o.Ballast = 4 << 10
	l := open(t, o)
	synctest.Wait()
	if _, err := disk.Stat("/log/ballast"); err != nil {
		t.Errorf("ballast: %v", err)
	}
	a := openCursor(t, l, "a", buffer.CursorOptions{From: buffer.Oldest})
	openCursor(t, l, "b", buffer.CursorOptions{From: buffer.Oldest})
	var last buffer.Ticket
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		cut := w.cut(3)
		cut[0].Defer = later
		ticket, err := l.Append(ctx, cut)
		cancel()
		if err != nil {
			w.nextDoc -= 3
			break
		}
		last = ticket
	}
	if s := l.Stats(); s.Condition != buffer.NoSpace {
		t.Errorf("condition is %s (%s), want no_space", s.Condition, s.Reason)
	}
	if err := last.Wait(t.Context()); err != nil {
		t.Errorf("what was appended before the disk was full: %v", err)
	}
	for id := range w.nextDoc {
		w.synced[id] = true
	}
	w.take(a, "a", 100, func(int) bool { return true })
	disk.SetCapacity(4 << 20)
	appended := time.Now()
	appendCut(t, l, w.cut(3)...)
	if took := time.Since(appended); took > 5*time.Second {
		t.Errorf("append went on after %v", took)
	}
	w.state = w.nextDoc - 1
	closeLog(t, l)
	w.check(disk)
	if _, err := disk.Stat("/log/ballast"); err != nil {
		t.Errorf("ballast was not made again: %v", err)
	}
}

func TestAcknowledgedSegmentsAreRemovedWhileTheDiskIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		disk.Capacity = 30 << 10
		w := newWorld(t)
		o := w.options(disk)
		o.Ballast = 4 << 10
		l := open(t, o)
		defer closeLog(t, l)
		a := openCursor(t, l, "a", buffer.CursorOptions{})
		for range 100 { // far more than fits
			appendCut(t, l, w.cut(3)...)
			w.take(a, "a", 10, func(int) bool { return true })
		}
		if got, want := len(w.taken["a"]), 300; got != want {
			t.Errorf("output has %d documents, want %d", got, want)
		}
	})
}
