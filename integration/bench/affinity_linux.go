package bench

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// confine keeps this process on one core, so that the writer does not take the
// agent's, until undo is called. Children that are not pinned inherit it.
func confine(core string) (undo func(), err error) {
	n, err := strconv.Atoi(core)
	if err != nil {
		return nil, err
	}
	var before, only unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("read the cores of this process: %w", err)
	}
	only.Set(n)
	if err := eachThread(&only); err != nil {
		return nil, err
	}
	return func() { _ = eachThread(&before) }, nil
}

// eachThread sets the cores of all threads; those to come inherit them.
func eachThread(cores *unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list threads: %w", err)
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetaffinity(tid, cores); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("set the cores of this process: %w", err)
		}
	}
	return nil
}
