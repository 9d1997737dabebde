package docgen

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// module is the path that packages begin with.
const module = "github.com/renthub/sluice/"

// sources reads packages of one module, each once.
type sources struct {
	root     string
	packages map[string][]*ast.File // by folder, relative to root
}

func newSources(root string) *sources {
	return &sources{root: root, packages: map[string][]*ast.File{}}
}

// parse returns the files of a package, tests left out.
func (s *sources) parse(dir string) ([]*ast.File, error) {
	if files, ok := s.packages[dir]; ok {
		return files, nil
	}
	names, err := filepath.Glob(filepath.Join(s.root, filepath.FromSlash(dir), "*.go"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read source: %w", err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse source: %w", err)
		}
		files = append(files, f)
	}
	s.packages[dir] = files
	return files, nil
}

// packageComment is what a package says of itself, as Markdown and without
// "Package x".
func (s *sources) packageComment(dir string) (string, error) {
	files, err := s.parse(dir)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if f.Doc != nil {
			text := strings.TrimPrefix(f.Doc.Text(), "Package "+f.Name.Name+" ")
			text = strings.TrimPrefix(text, "is ")
			p := comment.Printer{HeadingLevel: 2, HeadingID: func(*comment.Heading) string { return "" }}
			md := string(p.Markdown(new(comment.Parser).Parse(text)))
			return strings.ToUpper(md[:1]) + strings.TrimSpace(md[1:]), nil
		}
	}
	return "", nil
}

// structOf finds the declaration of a struct type.
func (s *sources) structOf(dir, name string) (*ast.StructType, error) {
	files, err := s.parse(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok && t.Name.Name == name {
					if st, ok := t.Type.(*ast.StructType); ok {
						return st, nil
					}
				}
			}
		}
	}
	return nil, fmt.Errorf("find struct %s in %s: it is not there", name, dir)
}

// comments are those of a struct's fields, by name.
func (s *sources) comments(t reflect.Type) (map[string]string, error) {
	found := map[string]string{}
	if t.Name() == "" || !strings.HasPrefix(t.PkgPath(), module) {
		return found, nil
	}
	st, err := s.structOf(strings.TrimPrefix(t.PkgPath(), module), t.Name())
	if err != nil {
		return nil, err
	}
	for _, f := range st.Fields.List {
		text := f.Doc.Text()
		if text == "" {
			text = f.Comment.Text()
		}
		for _, n := range f.Names {
			found[n.Name] = sentence(n.Name, text)
		}
	}
	return found, nil
}

// sentence is a field's comment without the field's name: "Path is the folder"
// becomes "The folder".
func sentence(name, text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		text = strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
	}
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
