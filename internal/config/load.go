package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/renthub/sluice/internal/expr"
)

// Source is a config file's name and text.
type Source struct {
	Name string
	Text []byte
}

// Load reads a config from files and folders: of a folder, all *.hcl and
// *.hcl.json in lexical order. What it returns can be used only if there are
// no errors among the diagnostics; its Files are always there.
func Load(paths []string, k Kinds, o Options) (*Config, hcl.Diagnostics) {
	sources, diags := readSources(paths)
	c, more := LoadSources(sources, k, o)
	return c, append(diags, more...)
}

// LoadSources is Load for texts at hand, such as the embedded default.
func LoadSources(sources []Source, k Kinds, o Options) (*Config, hcl.Diagnostics) {
	l := &loader{
		kinds: k, options: o, values: map[string]cty.Value{},
		config: &Config{Files: map[string]*hcl.File{}, secretName: secretPattern(k)},
	}
	var syntax hcl.Diagnostics
	for _, s := range sources {
		f, diags := parse(s)
		syntax = append(syntax, diags...)
		if f != nil {
			l.config.Files[s.Name] = f
			l.files = append(l.files, f)
			l.names = append(l.names, s.Name)
		}
	}
	l.load()
	return l.config, tidy(l.diags, syntax, l.names)
}

// loader is one Load. Its methods report to diags and go on.
type loader struct {
	kinds   Kinds
	options Options
	config  *Config
	diags   hcl.Diagnostics
	names   []string // of files, in the order of loading
	files   []*hcl.File

	blocks map[string][]*hcl.Block // by type, in file order
	values map[string]cty.Value    // var and local
}

func (l *loader) report(diags ...*hcl.Diagnostic) { l.diags = append(l.diags, diags...) }

// again returns a loader of the same blocks with variables and locals resolved
// anew.
func (l *loader) again() *loader {
	a := &loader{options: l.options, config: &Config{}, blocks: l.blocks, values: map[string]cty.Value{}}
	a.loadValues()
	return a
}

// scopeOf is what expressions in a file can use.
func (l *loader) scopeOf(filename string) *expr.Scope {
	s := &expr.Scope{
		Vars: l.values,
		Functions: map[string]function.Function{
			"env":  envFunction(l.options),
			"file": fileFunction(l.options, filepath.Dir(filename)),
		},
	}
	for _, b := range l.blocks["retention"] {
		s.Classes = append(s.Classes, classNames(b.Body)...)
	}
	return s
}

// readSources reads the files that paths name.
func readSources(paths []string) ([]Source, hcl.Diagnostics) {
	var all []Source
	var diags hcl.Diagnostics
	for _, path := range paths {
		files, err := filesOf(path)
		if err == nil && len(files) == 0 {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "No config in " + path, Detail: "A folder is read for *.hcl and *.hcl.json, and there are none."})
		}
		for _, name := range files {
			var text []byte
			if text, err = os.ReadFile(name); err != nil {
				break
			}
			all = append(all, Source{name, text})
		}
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Config cannot be read", Detail: sentence(err)})
		}
	}
	return all, diags
}

// filesOf returns path, or the config files in the folder that it is.
func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if isConfigName(e) {
			names = append(names, filepath.Join(path, e.Name()))
		}
	}
	slices.Sort(names)
	return names, nil
}

func isConfigName(e fs.DirEntry) bool {
	name := e.Name()
	return !e.IsDir() && !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json"))
}

// parse reads one file's syntax. What can be read of a faulty file is
// returned too.
func parse(s Source) (*hcl.File, hcl.Diagnostics) {
	if strings.HasSuffix(s.Name, ".json") {
		return json.Parse(s.Text, s.Name)
	}
	f, diags := hclsyntax.ParseConfig(s.Text, s.Name, hcl.InitialPos)
	return f, explainSyntax(diags, s)
}

// tidy sorts diagnostics by file and line, and leaves out what is said twice
// and what only follows from a syntax error.
func tidy(diags, syntax hcl.Diagnostics, names []string) hcl.Diagnostics {
	var out hcl.Diagnostics
	seen := map[string]bool{}
	for _, d := range slices.Concat(syntax, diags) {
		f, isFollowing := d.Extra.(follows)
		if key := d.Error(); !seen[key] && !(isFollowing && f.from(syntax)) {
			seen[key] = true
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b *hcl.Diagnostic) int { return comparePlaces(a.Subject, b.Subject, names) })
	return out
}

// from reports whether one of the syntax errors may be the cause.
func (f follows) from(syntax hcl.Diagnostics) bool {
	for _, d := range syntax {
		switch {
		case d.Severity != hcl.DiagError || d.Subject == nil:
		case f.inside == nil && !isLocal(d):
			return true
		case f.inside != nil && f.inside.Filename == d.Subject.Filename && f.inside.Overlaps(*d.Subject):
			return true
		}
	}
	return false
}

func comparePlaces(a, b *hcl.Range, names []string) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	case a.Filename != b.Filename:
		return slices.Index(names, a.Filename) - slices.Index(names, b.Filename)
	}
	return a.Start.Byte - b.Start.Byte
}
