package config

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// masked is a file's text with secrets hidden, for snippets. Every character
// before and behind a secret stays in its place.
func (c *Config) masked(name string, src []byte) []byte {
	out := bytes.Clone(src)
	for _, r := range c.secrets {
		if r.Filename == name && r.CanSliceBytes(out) {
			hideQuoted(r.SliceBytes(out))
		}
	}
	for _, m := range userInfo.FindAllSubmatchIndex(out, -1) { // a URL with a password in it is a mistake that is shown
		hide(out[m[2]:m[3]])
	}
	if c.secretName == nil {
		return out
	}
	for _, m := range c.secretName.FindAllSubmatchIndex(out, -1) { // also what a syntax error kept from being read
		hide(out[m[2]:m[3]])
	}
	return out
}

// userInfo finds the password of a URL.
var userInfo = regexp.MustCompile(`://[^\s/"@:]*:([^\s/"]*)@`)

// hideQuoted hides the text of the strings in an expression, but not the
// names of environment variables and files.
func hideQuoted(src []byte) {
	if bytes.HasPrefix(src, []byte("env(")) || bytes.HasPrefix(src, []byte("file(")) {
		return
	}
	first, last := bytes.IndexByte(src, '"'), bytes.LastIndexByte(src, '"')
	if first >= 0 && first < last {
		hide(src[first+1 : last])
	}
	if bytes.HasPrefix(src, []byte("<<")) { // a heredoc: all but its first line
		if i := bytes.IndexByte(src, '\n'); i >= 0 {
			hide(src[i:])
		}
	}
}

func hide(src []byte) {
	for i, c := range src {
		if c != '\n' && c != '\r' {
			src[i] = '*'
		}
	}
}

// secretPattern finds strings that are given to settings that are secrets, by
// the settings' names.
func secretPattern(k Kinds) *regexp.Regexp {
	names := secretNames(fieldsOf(reflectOf(&adminBlock{})))
	for _, kinds := range []map[string]Kind{k.Inputs, k.Parsers, k.Outputs} {
		for _, kind := range kinds {
			names = append(names, secretNames(fieldsOf(reflectOf(kind.New())))...)
		}
	}
	slices.Sort(names)
	return regexp.MustCompile(`\b(?:` + strings.Join(slices.Compact(names), "|") + `)"?\s*[=:]\s*"((?:[^"\\\n]|\\.)*)`)
}

// secretNames are the names of the fields that hold secrets.
func secretNames(fields []field) []string {
	var names []string
	for _, f := range fields {
		switch {
		case f.value.Type() == secretType:
			names = append(names, regexp.QuoteMeta(f.name))
		case f.block:
			names = append(names, secretNames(fieldsOf(newElement(f.value)))...)
		}
	}
	return names
}
