package tail

import (
	"os"
	"path/filepath"
)

// ownFiles are those of the agent itself. To read what it writes would never end.
type ownFiles struct {
	ids     map[fileID]bool // of standard output and error, and of the own paths
	folders []string
}

func findOwn(paths []string) ownFiles {
	own := ownFiles{ids: map[fileID]bool{}}
	add := func(f *os.File) {
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return
		}
		if id, _, ok := identify(info, f); ok {
			own.ids[id] = true
		}
	}
	add(os.Stdout)
	add(os.Stderr)
	for _, path := range paths {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		own.folders = append(own.folders, path)
		if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
			own.folders = append(own.folders, real)
		}
		if f, err := os.Open(path); err == nil {
			add(f)
			f.Close()
		}
	}
	return own
}

// has reports whether a file is the agent's own.
func (o ownFiles) has(path string, id fileID) bool {
	if o.ids[id] {
		return true
	}
	if len(o.folders) == 0 {
		return false
	}
	for _, dir := range o.folders {
		if path == dir || below(path, dir) {
			return true
		}
	}
	return false
}
