//go:build !linux

package bench

import (
	"errors"
	"runtime"
	"time"
)

// measurable says that this system shows what the table needs of a process.
const measurable = false

var errNotMeasured = errors.New("process figures are measured on Linux only")

func threadCPU() time.Duration { return time.Duration(time.Now().UnixNano()) }

func processCPU(int) (time.Duration, error) { return 0, errNotMeasured }

func ownCPU() time.Duration { return 0 }

func memory(int) (now, peak int64, err error) { return 0, 0, errNotMeasured }

func diskWritten(int) (int64, error) { return 0, errNotMeasured }

func machine() string { return runtime.GOOS }
