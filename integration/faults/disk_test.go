//go:build integration

package faults

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// tmpfs mounts a small file system for the test.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	rig.Root(t, "mount a small disk")
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("tmpfs cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// fillUp writes a file until the disk has no byte left.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil && !errors.Is(err, io.ErrShortWrite) {
			t.Fatal(err)
		}
	}
}

func TestAFullDiskPausesTheAgentUntilThereIsSpace(t *testing.T) {
	disk := tmpfs(t, "48m")
	store := rig.NewStore(t, essim.Options{Strict: true})
	cfg := rig.Config{
		Dir: t.TempDir(), Buffer: filepath.Join(disk, "buffer"), Admin: rig.FreeAddress(t),
		Limits:  []string{`max_size = "40MiB"`, `min_free = "0.1%"`},
		Outputs: []string{rig.Elasticsearch("store", store.URL())},
	}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 4, 6000)
	ws.Start(t)
	a := rig.Start(t, config)
	store.Await(t, a, 5000)
	store.Down() // so that the buffer must grow

	filler := filepath.Join(disk, "filler")
	fillUp(t, filler)
	stuck := rig.Metrics(t, cfg.Admin)["sluice_ingest_rows_total"]
	changed := time.Now()
	deadline := time.Now().Add(30 * time.Second)
	for time.Since(changed) < 2*time.Second && time.Now().Before(deadline) {
		if !a.Running() {
			t.Fatalf("the agent ended on a full disk and says: %s", a.Log())
		}
		fillUp(t, filler+"-more") // what the agent gave up, its ballast, is taken as well
		if now := rig.Metrics(t, cfg.Admin)["sluice_ingest_rows_total"]; now != stuck {
			stuck, changed = now, time.Now()
		}
		rig.Pause(50 * time.Millisecond)
	}
	written := ws.Written()
	t.Logf("paused at %.0f of %d lines", stuck, written)
	if stuck >= float64(written) {
		t.Error("the agent still reads, though nothing can be written")
	}
	for _, path := range []string{filler, filler + "-more"} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	freed := time.Now()
	store.Up(t)
	rig.Eventually(t, 20*time.Second, agentSays("reading again", a), func() bool {
		return rig.Metrics(t, cfg.Admin)["sluice_ingest_rows_total"] > stuck
	})
	t.Logf("reading again %s after there was space", time.Since(freed).Round(time.Millisecond))
	all := ws.Stop(t)
	store.Await(t, a, ws.Written())
	a.Stop(t)
	t.Log(store.Ledger.Demand(t, all))
}

// strace returns the command that makes a system call fail in the agent.
func strace(t *testing.T, inject string) []string {
	t.Helper()
	command := []string{rig.Tool(t, "strace", "strace"), "-f", "-qqq", "-o", "/dev/null"}
	if out, err := exec.Command(command[0], append(command[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %v: %s", err, out)
	}
	return append(command, "-e", "inject="+inject)
}

// failFromNow makes a system call fail in an agent that runs, until it ends.
func failFromNow(t *testing.T, a *rig.Agent, inject string) {
	t.Helper()
	command := append(strace(t, inject), "-p", fmt.Sprint(a.Pid()))
	tracer := exec.Command(command[0], command[1:]...)
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Kill() // a tracer ends with what it traces
		if err := tracer.Wait(); err != nil {
			t.Errorf("strace: %v", err)
		}
	})
	traced := fmt.Sprintf("TracerPid:\t%d\n", tracer.Process.Pid)
	rig.Eventually(t, 10*time.Second, agentSays("traced", a), func() bool {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.Pid()))
		return err == nil && strings.Contains(string(status), traced)
	})
}

func TestAFailedSyncLosesNothing(t *testing.T) {
	store := rig.NewStore(t, essim.Options{Strict: true})
	cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
	config := cfg.Write(t)
	ws := rig.NewWriters(cfg.Logs(), 4, 4000)
	ws.Start(t)
	a := rig.Start(t, config)
	store.Await(t, a, 1000)
	// Segments and cursors are synced by fdatasync. The count is each thread's
	// own, and a thread makes some ten in these seconds.
	failFromNow(t, a, "fdatasync:error=EIO:when=3+4")
	store.Await(t, a, 20_000)
	if !a.Running() {
		t.Fatalf("the agent ended and says: %s", a.Log())
	}
	if !a.LogHolds("input/output error") {
		t.Errorf("no sync failed, or the agent does not say so: %s", a.Log())
	}
	a.Kill() // what it believes to be on disk is all that the next one has
	restartAndDemand(t, store, config, ws.Stop(t))
}

// The agent may refuse to start on a disk that fails then, but it must not run
// on without something that it could not make: a buffer that knows no output
// lets go of what it holds.
func TestAFailedSyncAtTheStartLosesNothing(t *testing.T) {
	const lines = 2000
	for k := 1; k <= 6; k++ {
		t.Run(fmt.Sprintf("sync %d of a thread fails", k), func(t *testing.T) {
			store := rig.NewStore(t, essim.Options{Strict: true})
			cfg := rig.Config{Dir: t.TempDir(), Outputs: []string{rig.Elasticsearch("store", store.URL())}}
			config := cfg.Write(t)
			rig.WriteFile(t, filepath.Join(cfg.Logs(), "app.log"), lines, func(dst []byte, i int) []byte {
				return rig.AppendLine(dst, 0, uint64(i), time.Now())
			})
			a := rig.Start(t, config, strace(t, fmt.Sprintf("fdatasync:error=EIO:when=%d", k))...)
			select {
			case <-a.Exited():
				t.Logf("it did not start: %s", a.Log())
			case <-time.After(3 * time.Second):
			}
			a.Kill()
			restartAndDemand(t, store, config, map[int]uint64{0: lines})
		})
	}
}
