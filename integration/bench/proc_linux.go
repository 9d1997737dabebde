package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// measurable says that this system shows what the table needs of a process.
const measurable = true

// threadCPU is the CPU time of the calling thread, user and system.
func threadCPU() time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// processCPU is the CPU time of all threads of a running process. Its POSIX
// clock counts nanoseconds, where /proc/PID/stat counts ticks of 10 ms: too
// coarse for an agent that idles.
func processCPU(pid int) (time.Duration, error) {
	const schedClock = 2 // CPUCLOCK_SCHED of the kernel's clock id: ^pid<<3 | kind
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &ts); err != nil {
		return 0, fmt.Errorf("read the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

func ownCPU() time.Duration {
	cpu, err := processCPU(os.Getpid())
	if err != nil {
		return 0
	}
	return cpu
}

// memory returns a process's resident set now and at its peak, in bytes.
func memory(pid int) (now, peak int64, err error) {
	fields, err := procFields(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	return fields["VmRSS"] << 10, fields["VmHWM"] << 10, nil
}

// diskWritten returns the bytes that a process caused to be written to disk.
func diskWritten(pid int) (int64, error) {
	fields, err := procFields(fmt.Sprintf("/proc/%d/io", pid))
	return fields["write_bytes"], err
}

// procFields reads the "name: number" lines of a file of /proc.
func procFields(path string) (map[string]int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read process figures: %w", err)
	}
	fields := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		words := strings.Fields(rest)
		if len(words) == 0 {
			continue
		}
		if n, err := strconv.ParseInt(words[0], 10, 64); err == nil {
			fields[name] = n
		}
	}
	return fields, nil
}

// machine describes where the figures were made.
func machine() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "linux"
	}
	model := "unknown CPU"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return model + ", Linux " + unix.ByteSliceToString(u.Release[:])
}
