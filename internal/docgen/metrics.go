package docgen

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// metric is one metric as its declaration has it.
type metric struct{ name, help, labels string }

var (
	metricName   = regexp.MustCompile(`^[a-z]+(_[a-z]+)+$`)
	metricPrefix = regexp.MustCompile(`^sluice_([a-z]+_)?$`)
)

// metricsPage makes one page of all metrics. They are found where a name and a
// sentence stand side by side as literals, in whatever helper's call.
func metricsPage(root string) (Page, error) {
	src := newSources(root)
	var all []metric
	for _, top := range []string{"pipeline", "inputs", "parsers", "outputs", "buffer", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() || d.Name() == "testdata" || d.Name() == "docgen" {
				return err
			}
			dir, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files, err := src.parse(filepath.ToSlash(dir))
			for _, f := range files {
				all = append(all, metricsIn(f, ofComponent(filepath.ToSlash(dir)))...)
			}
			return err
		})
		if err != nil {
			return Page{}, fmt.Errorf("look for metrics: %w", err)
		}
	}
	slices.SortFunc(all, func(a, b metric) int { return strings.Compare(a.name, b.name) })
	all = slices.Compact(all)
	var b bytes.Buffer
	b.WriteString(header + "# Metrics\n\n`/metrics` of the admin address, for Prometheus. Beside these there are those of Go and of the process.\n\n")
	b.WriteString("| metric | labels | what it counts |\n|---|---|---|\n")
	for _, m := range all {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.name, m.labels, cell(m.help))
	}
	return Page{"metrics.md", b.Bytes()}, nil
}

// ofComponent is the label that all metrics of a package have.
func ofComponent(dir string) []string {
	switch {
	case strings.HasPrefix(dir, "inputs/"):
		return []string{"`input`"}
	case strings.HasPrefix(dir, "outputs/"), dir == "internal/endpoints":
		return []string{"`output`"}
	}
	return nil
}

// metricsIn finds the declarations of one file. All have the given labels.
func metricsIn(f *ast.File, labels []string) []metric {
	if !importsPrometheus(f) {
		return nil
	}
	prefix := ""
	ast.Inspect(f, func(n ast.Node) bool {
		if text := literal(n); metricPrefix.MatchString(text) {
			prefix = text
		}
		return true
	})
	vectors := vectorLabels(f)
	var found []metric
	ast.Inspect(f, func(n ast.Node) bool {
		var parts []ast.Expr
		switch n := n.(type) {
		case *ast.CallExpr:
			parts = n.Args
		case *ast.CompositeLit:
			parts = values(n.Elts)
		default:
			return true
		}
		for i := 0; i+1 < len(parts); i++ {
			name, help := literal(parts[i]), literal(parts[i+1])
			if !metricName.MatchString(name) || !strings.HasSuffix(help, ".") {
				continue
			}
			if !strings.HasPrefix(name, "sluice_") {
				name = prefix + name
			}
			own := append(slices.Clone(labels), literals(parts[i+2:])...)
			own = append(own, vectors[n]...)
			found = append(found, metric{name, help, strings.Join(slices.Compact(own), ", ")})
		}
		return true
	})
	return found
}

// vectorLabels are the labels of NewCounterVec(Opts{...}, []string{...}), by the
// options.
func vectorLabels(f *ast.File) map[ast.Node][]string {
	found := map[ast.Node][]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 {
			return true
		}
		opts, isOpts := call.Args[0].(*ast.CompositeLit)
		list, isList := call.Args[1].(*ast.CompositeLit)
		if isOpts && isList {
			found[opts] = literals(list.Elts)
		}
		return true
	})
	return found
}

func importsPrometheus(f *ast.File) bool {
	for _, imp := range f.Imports {
		if strings.HasSuffix(strings.Trim(imp.Path.Value, `"`), "/prometheus") {
			return true
		}
	}
	return false
}

// values are the elements of a composite literal without their keys.
func values(elts []ast.Expr) []ast.Expr {
	out := make([]ast.Expr, len(elts))
	for i, e := range elts {
		out[i] = e
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			out[i] = kv.Value
		}
	}
	return out
}

// literal is the text of a string literal, or "".
func literal(n ast.Node) string {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return text
}

func literals(list []ast.Expr) []string {
	var out []string
	for _, e := range list {
		if text := literal(e); text != "" {
			out = append(out, "`"+text+"`")
		}
	}
	return out
}
