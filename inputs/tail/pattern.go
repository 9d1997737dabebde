package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// pattern is one of the paths to be read: a glob with the folder that it never leaves. It is immutable.
type pattern struct {
	text    string   // absolute, with slashes
	base    string   // the folder before the first wildcard; absolute
	parts   []string // what follows base, split at slashes
	literal bool     // it has no wildcard: the path itself may be a link, since a person wrote it
}

// parsePattern makes the patterns of one path of the config: several if it has alternatives that contain slashes.
func parsePattern(text string) ([]*pattern, error) {
	abs, err := filepath.Abs(text)
	if err != nil {
		return nil, fmt.Errorf("read path %q: %w", text, err)
	}
	abs = filepath.ToSlash(abs)
	if !doublestar.ValidatePattern(abs) {
		return nil, fmt.Errorf("read path %q: %w", text, doublestar.ErrBadPattern)
	}
	var ps []*pattern
	for _, one := range expandBraces(abs) {
		p := &pattern{text: one, literal: !strings.ContainsAny(one, `*?[{\`)}
		base, rest := doublestar.SplitPattern(one)
		p.base, p.parts = filepath.FromSlash(base), strings.Split(rest, "/")
		ps = append(ps, p)
	}
	return ps, nil
}

// maxAlternatives bounds what braces expand to.
const maxAlternatives = 64

// expandBraces writes out the braces that contain a slash, since folders are walked level by level.
func expandBraces(text string) []string {
	open := strings.IndexByte(text, '{')
	for open >= 0 {
		depth, end := 0, -1
		var commas []int
	scan:
		for i := open; i < len(text); i++ {
			switch text[i] {
			case '{':
				depth++
			case '}':
				if depth--; depth == 0 {
					end = i
					break scan
				}
			case ',':
				if depth == 1 {
					commas = append(commas, i)
				}
			}
		}
		if end < 0 {
			break
		}
		if strings.Contains(text[open:end], "/") {
			var out []string
			from := open + 1
			for _, to := range append(commas, end) {
				out = append(out, expandBraces(text[:open]+text[from:to]+text[end+1:])...)
				from = to + 1
			}
			return out[:min(len(out), maxAlternatives)]
		}
		next := strings.IndexByte(text[end:], '{')
		if next < 0 {
			break
		}
		open = end + next
	}
	return []string{text}
}

// matchesFile reports whether the pattern names a path. It looks at the name first: most events of a busy folder end there.
func (p *pattern) matchesFile(path string) bool {
	path = filepath.ToSlash(path)
	name := path[strings.LastIndexByte(path, '/')+1:]
	if last := p.parts[len(p.parts)-1]; last != "**" && !doublestar.MatchUnvalidated(last, name) {
		return false
	}
	return doublestar.MatchUnvalidated(p.text, path)
}

// mayHold reports whether files that the pattern names can be in or below the folder at path, or the folder's creation
// makes its base reachable.
func (p *pattern) mayHold(path string) bool {
	if path == p.base || below(p.base, path) {
		return true
	}
	if !below(path, p.base) {
		return false
	}
	rest := strings.Split(filepath.ToSlash(path[len(withSlash(p.base)):]), "/")
	for i, name := range rest {
		if i >= len(p.parts)-1 && p.parts[min(i, len(p.parts)-1)] != "**" {
			return false
		}
		if p.parts[i] == "**" {
			return true
		}
		if !doublestar.MatchUnvalidated(p.parts[i], name) {
			return false
		}
	}
	return true
}

// below reports whether path is inside of folder dir.
func below(path, dir string) bool { return strings.HasPrefix(path, withSlash(dir)) && path != dir }

func withSlash(dir string) string {
	if strings.HasSuffix(dir, string(filepath.Separator)) {
		return dir
	}
	return dir + string(filepath.Separator)
}

var (
	errOutside    = errors.New("leads out of the folder of its pattern")
	errNotRegular = errors.New("not a regular file")
)

// open opens the file at path for reading. Links are followed as long as they stay in the pattern's folder, whoever may
// change them meanwhile; the path of a pattern without wildcards is trusted. Only regular files are opened.
func (p *pattern) open(path string) (*os.File, fs.FileInfo, error) {
	f, err := p.openAny(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

func (p *pattern) openAny(path string) (*os.File, error) {
	if p.literal && filepath.ToSlash(path) == p.text {
		return os.OpenFile(path, openFlags, 0)
	}
	if !below(path, p.base) {
		return nil, errOutside
	}
	root, err := os.OpenRoot(p.base)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(path[len(withSlash(p.base)):], openFlags, 0)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return f, err
	}
	// The root refuses absolute links even where they lead to within: open what they lead to, again beneath it.
	rel, ok := p.resolve(path)
	if !ok {
		return nil, errOutside
	}
	return root.OpenFile(rel, openFlags, 0)
}

// resolve returns where the links of path lead to, relative to the folder of the pattern.
func (p *pattern) resolve(path string) (string, bool) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", false
	}
	base, err := filepath.EvalSymlinks(p.base)
	if err != nil || !below(real, base) {
		return "", false
	}
	return real[len(withSlash(base)):], true
}
