package stdout

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// onlyZombies reports whether all processes of a group have ended, though
// nobody has asked for their exit codes. The first process of a container
// often asks late, or never.
func onlyZombies(group int) bool {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return false
	}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended since
		}
		// pid (name) state parent group ...; the name can hold anything
		f := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(f) < 3 || string(f[2]) != strconv.Itoa(group) {
			continue
		}
		if s := string(f[0]); s != "Z" && s != "X" {
			return false
		}
	}
	return true
}
