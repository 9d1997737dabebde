package docgen

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/pipeline"
)

// componentPages makes a page of each input, parser and output.
func componentPages(root string, c *pipeline.Components) ([]Page, error) {
	g := generator{newSources(root)}
	var pages []Page
	for _, t := range c.Inputs {
		p, err := g.page("input", t.Name, t.Config())
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	for _, t := range c.Parsers {
		p, err := g.page("parser", t.Name, t.Config())
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	for _, t := range c.Outputs {
		p, err := g.page("output", t.Name, t.Config())
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	slices.SortFunc(pages, func(a, b Page) int { return strings.Compare(a.Name, b.Name) })
	return pages, nil
}

type generator struct{ src *sources }

// page makes the page of one component. cfg is a pointer to its config, which
// holds the defaults.
func (g *generator) page(kind, name string, cfg any) (Page, error) {
	v := reflect.ValueOf(cfg).Elem()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s# %s %q\n\n", header, kind, name)
	if strings.HasPrefix(v.Type().PkgPath(), module) {
		about, err := g.src.packageComment(strings.TrimPrefix(v.Type().PkgPath(), module))
		if err != nil {
			return Page{}, err
		}
		b.WriteString(about + "\n\n")
	}
	if kind == "parser" && !hasRequired(v.Type()) {
		fmt.Fprintf(&b, "It is also a built-in: `parser = %q`.\n\n", name)
	}
	fmt.Fprintf(&b, "```hcl\n%s %q \"name\" {\n", kind, name)
	for _, f := range settingsOf(v) {
		if f.required && f.value.Kind() == reflect.Slice {
			fmt.Fprintf(&b, "  %s = [\"...\"]\n", f.name)
		} else if f.required {
			fmt.Fprintf(&b, "  %s = \"...\"\n", f.name)
		}
	}
	b.WriteString("}\n```\n\n")
	if err := g.table(&b, v, ""); err != nil {
		return Page{}, err
	}
	fmt.Fprintf(&b, "\nWhat every %s takes besides is in [blocks](blocks.md#%s).\n", kind, kind)
	return Page{kind + "-" + name + ".md", b.Bytes()}, nil
}

func hasRequired(t reflect.Type) bool {
	for i := range t.NumField() {
		if tag, ok := t.Field(i).Tag.Lookup("hcl"); ok && !strings.Contains(tag, ",") {
			return true
		}
	}
	return false
}

// setting is one field of a config struct.
type setting struct {
	owner           reflect.Type // the struct that declares it
	field, name     string       // in Go, in HCL
	required, block bool
	value           reflect.Value
}

func settingsOf(v reflect.Value) []setting {
	var list []setting
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, ok := f.Tag.Lookup("hcl")
		if f.Anonymous && !ok && f.Type.Kind() == reflect.Struct { // as if its fields stood here
			list = append(list, settingsOf(v.Field(i))...)
		}
		if !ok {
			continue
		}
		name, how, _ := strings.Cut(tag, ",")
		list = append(list, setting{v.Type(), f.Name, name, how == "", how == "block", v.Field(i)})
	}
	return list
}

// table prints the settings of a struct, and then those of the objects and
// blocks in it.
func (g *generator) table(b *bytes.Buffer, v reflect.Value, title string) error {
	list := settingsOf(v)
	if len(list) == 0 {
		b.WriteString("It has no settings of its own.\n")
		return nil
	}
	if title != "" {
		fmt.Fprintf(b, "\n## %s\n\n", title)
	}
	b.WriteString("| setting | type | default | what it is |\n|---|---|---|---|\n")
	var inner []setting
	for _, f := range list {
		comments, err := g.src.comments(f.owner)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.name, typeName(f.value.Type(), f.block), defaultOf(f), cell(comments[f.field]))
		if t := structIn(f.value.Type()); t != nil {
			held := reflect.New(t).Elem()
			if f.value.Kind() == reflect.Struct { // a block that has defaults
				held = f.value
			}
			inner = append(inner, setting{name: f.name, value: held})
		}
	}
	for _, f := range inner {
		if err := g.table(b, f.value, "`"+f.name+"`"); err != nil {
			return err
		}
	}
	return nil
}

// cell is text that can stand in a table.
func cell(text string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text) }

// structIn is the struct that a field of objects or blocks holds, or nil.
func structIn(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || scalars[t] != "" {
		return nil
	}
	return t
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// scalars are the types that are written as one value.
var scalars = map[reflect.Type]string{
	reflect.TypeFor[config.Duration](): `duration, "5s"`,
	reflect.TypeFor[config.Size]():     `size, "8MiB"`,
	reflect.TypeFor[config.Secret]():   "secret",
	reflect.TypeFor[expr.Template]():   "template",
	reflect.TypeFor[expr.Condition]():  "condition",
	reflect.TypeFor[regexp.Regexp]():   "regular expression",
}

func typeName(t reflect.Type, block bool) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch name := scalars[t]; {
	case name != "":
		return name
	case t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(textType):
		return "texts or objects" // what takes both forms stands in lists
	case block:
		return "block"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "list of " + typeName(t.Elem(), false)
	case reflect.Map:
		return "object of " + typeName(t.Elem(), false)
	case reflect.Struct:
		return "object"
	case reflect.Interface:
		return "expression"
	}
	return "number"
}

func defaultOf(f setting) string {
	switch v := f.value; {
	case f.required:
		return "required"
	case v.Kind() == reflect.Bool:
		return fmt.Sprintf("`%t`", v.Bool())
	case v.IsZero():
		return ""
	case v.Kind() == reflect.String:
		return fmt.Sprintf("`%q`", v.String())
	case scalars[v.Type()] != "":
		return fmt.Sprintf("`\"%v\"`", v.Interface())
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Map:
		return fmt.Sprintf("`%q`", v.Interface())
	case v.Kind() == reflect.Pointer, v.Kind() == reflect.Struct:
		return ""
	default:
		return fmt.Sprintf("`%v`", v.Interface())
	}
}
