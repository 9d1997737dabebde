//go:build unix

package tail

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

var cost = flag.Bool("tail.cost", false, "measure what many files cost")

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func residentMiB() int {
	text, err := os.ReadFile("/proc/self/statm")
	var size, resident int
	if err == nil {
		fmt.Sscan(string(text), &size, &resident)
	}
	return resident * os.Getpagesize() >> 20
}

// TestCostOfManyFiles prints figures; it is no benchmark, since what it measures is what happens while nothing does.
func TestCostOfManyFiles(t *testing.T) {
	if !*cost {
		t.Skip("without -tail.cost")
	}
	for _, n := range []int{1000, 10_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			r := newRig(t)
			r.opts.Poll, r.opts.Rescan, r.opts.RotateWait = 0, 0, 0
			for i := range n {
				r.append(fmt.Sprintf("%d.log", i), strings.Repeat("a line of some length\n", 10))
			}
			began, used := time.Now(), cpuTime()
			r.start()
			r.sink.WaitLines(t, n*10)
			t.Logf("%d files read in %v, %v of CPU, the sink's included", n, time.Since(began), cpuTime()-used)
			r.sink.Crash(0)
			runtime.GC()
			<-time.After(3 * time.Second)
			began, used = time.Now(), cpuTime()
			<-time.After(20 * time.Second)
			t.Logf("idle: %.3f %% of a core, %d MiB resident", 100*float64(cpuTime()-used)/float64(time.Since(began)), residentMiB())
		})
	}
}

// TestCostOfEvents prints what reading costs when a file is written line by line.
func TestCostOfEvents(t *testing.T) {
	if !*cost {
		t.Skip("without -tail.cost")
	}
	for _, files := range []int{1, 10} {
		t.Run(fmt.Sprint(files), func(t *testing.T) {
			r := newRig(t)
			r.opts.Poll, r.opts.Rescan, r.opts.RotateWait = 0, 0, 0
			var fs []*os.File
			for i := range files {
				f, err := os.Create(r.path(fmt.Sprintf("%d.log", i)))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				fs = append(fs, f)
			}
			line := []byte(strings.Repeat("x", 574) + "\n")
			run := func() time.Duration {
				used := cpuTime()
				tick := time.NewTicker(10 * time.Millisecond)
				defer tick.Stop()
				for range 500 {
					<-tick.C
					for i := range 100 {
						fs[i%files].Write(line)
					}
				}
				return cpuTime() - used
			}
			alone := run()
			r.start()
			with := run()
			r.sink.WaitLines(t, 100_000)
			t.Logf("%d files, 10,000 lines/s: %.2f %% of a core beyond the writing", files, 100*float64(with-alone)/float64(5*time.Second))
		})
	}
}
