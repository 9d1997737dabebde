package tail

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// walk finds the files that a pattern names. It calls dir for each folder that can hold some, before it lists it, and
// found for each name that matches and is not a folder.
func (p *pattern) walk(dir func(path string, exists bool), found func(path string)) {
	w := walker{dir: dir, found: found}
	w.enter(p.base, [][]string{p.parts})
}

type walker struct {
	dir   func(path string, exists bool)
	found func(path string)
}

// enter lists one folder. What follows it in the pattern is one of rests; ** makes several.
func (w *walker) enter(path string, rests [][]string) {
	for i := 0; i < len(rests); i++ { // ** can also stand for no folder
		if r := rests[i]; r[0] == "**" && len(r) > 1 {
			rests = append(rests, r[1:])
		}
	}
	info, err := os.Stat(path)
	exists := err == nil && info.IsDir()
	w.dir(path, exists)
	if !exists {
		return
	}
	if len(rests) == 1 && !hasMeta(rests[0][0]) { // no need to list a large folder for one name
		w.entry(path, rests[0][0], nil, rests)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(1024)
		for _, e := range entries {
			w.entry(path, e.Name(), e, rests)
		}
		if err != nil || len(entries) == 0 {
			return
		}
	}
}

// entry looks at one name in a folder. e may be nil.
func (w *walker) entry(dir, name string, e os.DirEntry, rests [][]string) {
	var below [][]string
	file, any := false, false
	for _, r := range rests {
		switch {
		case r[0] == "**":
			below = append(below, r)
			any = true
			file = file || len(r) == 1
		case !doublestar.MatchUnvalidated(r[0], name):
		case len(r) == 1:
			file = true
		default:
			below = append(below, r[1:])
		}
	}
	if !file && below == nil {
		return
	}
	path := filepath.Join(dir, name)
	mode := os.ModeSymlink
	if e != nil {
		mode = e.Type()
	} else if info, err := os.Lstat(path); err == nil {
		mode = info.Mode().Type()
	} else if os.IsNotExist(err) {
		w.missing(path, below)
		return
	}
	isDir := mode.IsDir()
	if mode&os.ModeSymlink != 0 && below != nil && !any { // ** does not follow links, or it could go round for ever
		info, err := os.Stat(path)
		isDir = err == nil && info.IsDir()
	}
	switch {
	case isDir && below != nil:
		w.enter(path, below)
	case !isDir && file:
		w.found(path)
	}
}

// missing tells of a folder that the pattern names and that is not there.
func (w *walker) missing(path string, below [][]string) {
	if below != nil {
		w.dir(path, false)
	}
}

func hasMeta(part string) bool { return strings.ContainsAny(part, `*?[{\`) }
