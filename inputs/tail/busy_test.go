package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// The system reports each write to one of many files. What is new must not wait behind thousands of such reports.
func TestANewFileIsSeenAtOnceBesideBusyOnes(t *testing.T) {
	const files, late = 50, time.Second
	r := newRig(t)
	r.opts.Poll, r.opts.Rescan = time.Minute, time.Minute
	var busy []*os.File
	for i := range files {
		f, err := os.Create(r.path(fmt.Sprintf("busy%d.log", i)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		busy = append(busy, f)
	}
	r.start()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				for _, f := range busy { // one after the other: merged are only writes to one file
					f.WriteString("x\n")
				}
			}
		}
	}()
	r.sink.WaitLines(t, 5000)
	for i := range 5 {
		before := time.Now()
		name := fmt.Sprintf("new%d.log", i)
		r.append(name, "new\n")
		r.sink.Wait(t, name, func() bool {
			for _, p := range r.sink.Positions() {
				if p.Name == r.path(name) && p.End > 0 {
					return true
				}
			}
			return false
		})
		took := time.Since(before)
		t.Logf("%d lines, seen after %v", len(r.sink.Lines()), took)
		if took > late {
			t.Errorf("a new file was read after %v, want %v at most", took, late)
		}
	}
	close(stop)
	<-stopped
}
