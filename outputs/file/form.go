package file

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
)

const (
	classPath = "labels.retention" // what ${retention.class} reads
	maxValue  = 100                // bytes that a value brings into a path
	maxFolder = 200                // bytes of one folder's name
)

// Stand-ins for what events bring into a path. No literal may have them.
const (
	valueMark = '\x00'
	classMark = '\x01'
)

// form is where documents go: a folder of the file system that is the same for
// all, and below it folders whose names come from the document. The retention
// class always has a folder's name for itself, so that the keeper can tell by
// a file's path how long it is to be kept. It is immutable.
type form struct {
	root     string // the archive's folder
	template *expr.Template
	skip     int       // bytes of what the template renders that are the root's
	appended bool      // the class's folder follows the template's
	segments []segment // the folders below the root
}

// segment is one folder below the root. What comes from the event is a mark.
type segment string

func (s segment) hasValue() bool { return strings.IndexByte(string(s), valueMark) >= 0 }

// newForm reads the setting path.
func newForm(template *expr.Template) (*form, error) {
	if text, ok := template.Constant(); ok {
		if text == "" {
			return nil, errors.New("the archive has no folder")
		}
		return &form{root: text, appended: true, segments: []segment{segment(classMark)}}, nil
	}
	text := string(template.RenderParts(nil, marks{}, func(dst, value []byte) []byte {
		if len(value) == 1 && value[0] == classMark {
			return append(dst, classMark)
		}
		return append(dst, valueMark)
	}))
	first := strings.IndexAny(text, string([]byte{valueMark, classMark}))
	cut := strings.LastIndexByte(text[:max(first, 0)], '/')
	if cut <= 0 {
		return nil, errors.New("path must begin with a folder that is the same for all, so that no event can choose it")
	}
	f := &form{root: text[:cut], template: template, skip: cut + 1}
	for _, s := range strings.Split(strings.TrimSuffix(text[cut+1:], "/"), "/") {
		f.segments = append(f.segments, segment(s))
	}
	return f, f.finish()
}

// finish checks the folders below the root, and appends the class's if none
// stands for the class alone.
func (f *form) finish() error {
	f.appended = true
	for _, s := range f.segments {
		if s == "" || s[0] == '.' {
			return errors.New("path has an empty or a hidden folder behind the first field")
		}
		for _, c := range []byte(s) {
			if c != valueMark && c != classMark && !inName(c) {
				return fmt.Errorf("path has %q behind the first field: letters, digits, - _ . are allowed there", c)
			}
		}
		if len(s) > maxFolder-maxValue {
			return fmt.Errorf("path has a folder of more than %d bytes behind the first field", maxFolder-maxValue)
		}
		if strings.IndexByte(string(s), classMark) >= 0 && !s.hasValue() && isPlain(f.template) {
			f.appended = false
		}
	}
	if f.appended {
		f.segments = append(f.segments, segment(classMark))
	}
	return nil
}

// isPlain reports whether a template does nothing with fields but to put them
// in. What a function makes of a class cannot be told from a path.
func isPlain(template *expr.Template) bool {
	left := template.String()
	for _, path := range template.Fields() {
		left = strings.ReplaceAll(left, "${"+path+"}", "")
	}
	return !strings.Contains(left, "${")
}

// append appends the folder of r's document below the root.
func (f *form) append(dst []byte, r *record) []byte {
	start := len(dst)
	if f.template != nil {
		dst = f.template.RenderParts(dst, r, appendConfined)
		dst = append(dst[:start], dst[start+f.skip:]...)
		dst = bytes.TrimSuffix(dst, []byte("/"))
		dst = shorten(dst, start)
		if first, _, _ := bytes.Cut(dst[start:], []byte("/")); isReserved(string(first)) {
			dst[start] = '_'
		}
	}
	if f.appended {
		if f.template != nil {
			dst = append(dst, '/')
		}
		dst = append(dst, nameOf(r.doc.Retention)...)
	}
	return dst
}

// isReserved reports whether a folder below the root cannot have a name, on a
// file system that does not tell small letters from capital ones either: a log
// line must not be able to stand in the lock's way.
func isReserved(name string) bool { return strings.EqualFold(name, lockName) }

// shorten cuts folders' names that are too long for a file system.
func shorten(path []byte, start int) []byte {
	if len(path)-start <= maxFolder {
		return path
	}
	out := path[:start]
	for i, s := range bytes.Split(bytes.Clone(path[start:]), []byte("/")) {
		if i > 0 {
			out = append(out, '/')
		}
		out = append(out, s[:min(len(s), maxFolder)]...)
	}
	return out
}

// matches reports whether documents of a class can be in a folder, given as
// the names on the way there from the root.
func (f *form) matches(folders []string, class string) bool {
	if len(folders) != len(f.segments) {
		return false
	}
	for i, s := range f.segments {
		if s.hasValue() || !isPlain(f.template) && i < len(f.segments)-1 {
			continue
		}
		if strings.ReplaceAll(string(s), string([]byte{classMark}), nameOf(class)) != folders[i] {
			return false
		}
	}
	return true
}

// appendConfined appends a value so that it can be part of a folder's name.
func appendConfined(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, unnamed...)
	}
	return expr.Confine(dst, value, inName, maxValue)
}

// inName says which bytes a value may bring into a name.
func inName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
}

// record is a document as the template of its path sees it. Its class is that
// of the index row, whatever the line says.
type record struct {
	doc    *event.Doc
	spared bool   // all values but the class are left out
	class  []byte // scratch
}

func (r *record) Lookup(path string) event.Value {
	switch {
	case path == classPath:
		r.class = append(r.class[:0], nameOf(r.doc.Retention)...)
		return event.Value{Kind: event.String, Text: r.class}
	case r.spared:
		return event.Value{Kind: event.String, Text: []byte(confined)}
	}
	return r.doc.Lookup(path)
}

// marks is a document of stand-ins.
type marks struct{}

func (marks) Lookup(path string) event.Value {
	if path == classPath {
		return event.Value{Kind: event.String, Text: []byte{classMark}}
	}
	return event.Value{Kind: event.String, Text: []byte{valueMark}}
}

// Folder is the folder of the archive: what of the path is the same for all
// documents.
func (c Config) Folder() string {
	f, err := newForm(c.Path)
	if err != nil {
		return ""
	}
	return filepath.FromSlash(f.root)
}
