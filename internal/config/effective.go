package config

import (
	"bytes"
	"encoding"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/renthub/sluice/internal/expr"
)

// shown is a block as Print shows it.
type shown struct {
	title string
	lines []string
	inner []shown
}

// Print writes the config as it is in effect: with defaults, and with what
// variables and env() stood for. Expressions over events stand as they were
// written. Secrets are masked.
func (c *Config) Print(w io.Writer) error {
	var b bytes.Buffer
	for i, s := range c.shown {
		if i > 0 {
			b.WriteByte('\n')
		}
		s.print(&b)
	}
	_, err := w.Write(hclwrite.Format(b.Bytes()))
	return err
}

func (s shown) print(b *bytes.Buffer) {
	b.WriteString(s.title + " {\n")
	for _, line := range s.lines {
		b.WriteString(line + "\n")
	}
	for _, inner := range s.inner {
		inner.print(b)
	}
	b.WriteString("}\n")
}

// show notes a block as it was decoded. body is nil where the config has no
// such block and all of it is by default.
func (l *loader) show(d *decoder, title string, body hcl.Body, structs ...any) {
	values := make([]reflect.Value, len(structs))
	for i, s := range structs {
		values[i] = reflect.ValueOf(s)
	}
	l.config.shown = append(l.config.shown, l.shownBlock(d, title, "", body, fieldsOf(values...)))
}

func (l *loader) shownBlock(d *decoder, title, prefix string, body hcl.Body, fields []field) shown {
	s := shown{title: title}
	content := &hcl.BodyContent{}
	if body != nil {
		content, _, _ = body.PartialContent(schemaOf(fields))
	}
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.name] {
			continue
		}
		seen[f.name] = true
		if f.block {
			for i, b := range content.Blocks.OfType(f.name) {
				s.inner = append(s.inner, l.shownBlock(d, f.name, prefix+f.name+".", b.Body, fieldsOf(elementOf(f.value, i))))
			}
			continue
		}
		a, given := content.Attributes[f.name]
		switch {
		case given && (hasExpression(f.value.Type()) || d.places[prefix+f.name].unknown):
			s.lines = append(s.lines, f.name+" = "+l.sourceOf(a.Expr.Range()))
		case given || !f.value.IsZero() || f.value.Kind() == reflect.Bool:
			s.lines = append(s.lines, f.name+" = "+render(f.value))
		}
	}
	return s
}

// elementOf is the struct that the i-th block of a field was decoded into.
func elementOf(v reflect.Value, i int) reflect.Value {
	switch {
	case v.Kind() == reflect.Slice && i < v.Len():
		return v.Index(i)
	case v.Kind() == reflect.Pointer && v.IsNil():
		return reflect.New(v.Type().Elem())
	}
	return v
}

// hasExpression reports whether a type holds what is computed for each event.
func hasExpression(t reflect.Type) bool {
	switch t {
	case templateType, valueType, conditionType, expressionType:
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map:
		return hasExpression(t.Elem())
	}
	return false
}

func (l *loader) sourceOf(r hcl.Range) string {
	f := l.config.Files[r.Filename]
	if f == nil || !r.CanSliceBytes(f.Bytes) {
		return ""
	}
	text := string(r.SliceBytes(f.Bytes))
	if strings.HasPrefix(text, "<<") && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// render writes a decoded value as HCL.
func render(v reflect.Value) string {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return "null"
	}
	switch got := v.Interface().(type) {
	case *expr.Template:
		if text, ok := got.Constant(); ok {
			return hclString(text)
		}
		return strconv.Quote(got.String())
	case Secret:
		return hclString(got.String())
	case encoding.TextMarshaler:
		if text, err := got.MarshalText(); err == nil {
			return hclString(string(text))
		}
	case fmt.Stringer:
		return hclString(got.String())
	}
	switch v.Kind() {
	case reflect.String:
		return hclString(v.String())
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = render(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		return renderMap(v)
	case reflect.Pointer:
		return render(v.Elem())
	case reflect.Struct:
		var members []string
		fields := fieldsOf(v)
		if isText(v) && onlyFirst(fields) {
			return render(fields[0].value)
		}
		for _, f := range fields {
			if !f.value.IsZero() {
				members = append(members, f.name+" = "+render(f.value))
			}
		}
		return "{ " + strings.Join(members, ", ") + " }"
	}
	return fmt.Sprint(v.Interface())
}

// onlyFirst reports whether an object says no more than its text form does.
func onlyFirst(fields []field) bool {
	return len(fields) > 0 && !slices.ContainsFunc(fields[1:], func(f field) bool { return !f.value.IsZero() })
}

func renderMap(v reflect.Value) string {
	members := map[string]string{}
	for it := v.MapRange(); it.Next(); {
		members[it.Key().String()] = render(it.Value())
	}
	var list []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		list = append(list, hclString(key)+" = "+members[key])
	}
	return "{ " + strings.Join(list, ", ") + " }"
}

// hclString is text as an HCL string.
func hclString(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}
