package cloudwatch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
)

// Limits of names, in bytes. Groups and streams can have 512; a stream that is
// spread gets a suffix.
const (
	maxName   = 500
	maxValue  = 100 // of one value from an event
	maxKey    = 400 // of one value before it is confined
	classPath = "labels.retention"
	generic   = "generic" // for a value that an event has not
)

// form is how groups and streams are named: two templates whose values from
// events are confined. It is immutable.
type form struct {
	group, stream *expr.Template
	// fields are what the templates read, if they do nothing else with them
	// than to put them into the names. Else it is nil.
	fields  []field
	records *sync.Pool // of *nameRecord
}

// field is a field of the names, and how it begins in a document.
type field struct {
	path  string
	begin []byte // `"service.name":"`
}

// newForm returns the form that c asks for.
func newForm(c *Config) (*form, error) {
	f := &form{group: c.LogGroup, stream: c.LogStream, records: &sync.Pool{New: func() any { return new(nameRecord) }}}
	var err error
	if f.group == nil {
		if strings.ContainsAny(c.Prefix, "$%{") { // not one to be read as a template
			return nil, errors.New("prefix holds a character that no group can have")
		}
		if f.group, err = parseTemplate(strings.TrimSuffix(c.Prefix, "/") + "/${service.name}/${retention.class}"); err != nil {
			return nil, fmt.Errorf("read prefix: %w", err)
		}
	}
	if f.stream == nil {
		if f.stream, err = parseTemplate("${host.name}"); err != nil {
			return nil, fmt.Errorf("make the stream's name: %w", err)
		}
	}
	f.fields = plainFields(f.group, f.stream)
	return f, f.check()
}

// plainFields returns the fields of templates that have no functions.
func plainFields(templates ...*expr.Template) []field {
	list := []field{}
	for _, t := range templates {
		left := t.String()
		for _, path := range t.Fields() {
			left = strings.ReplaceAll(left, "${"+path+"}", "")
			list = append(list, field{path, []byte(`"` + path + `":"`)})
		}
		if strings.Contains(left, "${") {
			return nil
		}
	}
	return list
}

func parseTemplate(text string) (*expr.Template, error) {
	e, diags := hclsyntax.ParseTemplate([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	template, diags := expr.CompileTemplate(e, &expr.Scope{})
	if diags.HasErrors() {
		return nil, diags
	}
	return template, nil
}

// check reports why no group or stream can have such a name. What events add
// is confined later; here the literal parts are judged.
func (f *form) check() error {
	const mark = '\n' // for values; no literal may have it
	literal := func(t *expr.Template) []byte {
		return t.RenderParts(nil, nothing{}, func(dst, _ []byte) []byte { return append(dst, mark) })
	}
	if !f.group.Known() || !f.stream.Known() {
		return nil // `validate` reads no environment
	}
	group, stream := literal(f.group), literal(f.stream)
	switch {
	case len(group) == 0 || group[0] == mark:
		return errors.New("log_group must begin with text of its own, so that no event can name another's group")
	case strings.HasPrefix(string(group), "aws/"):
		return errors.New("log_group must not begin with aws/")
	case len(stream) == 0:
		return errors.New("log_stream is empty")
	case len(group) > maxName-maxValue, len(stream) > maxName-maxValue:
		return fmt.Errorf("a name has more than %d bytes of its own", maxName-maxValue)
	}
	for _, c := range group {
		if c != mark && !inName(c) && c != '/' && c != '#' {
			return fmt.Errorf("log_group holds %q", c)
		}
	}
	for _, c := range stream {
		if c != mark && (c == ':' || c == '*' || c < ' ' || c > '~') {
			return fmt.Errorf("log_stream holds %q", c)
		}
	}
	return nil
}

// hasClass reports whether the retention class is part of the group's name.
func (f *form) hasClass() bool { return f.group.Reads(classPath) }

// appendKey appends what makes the names of d's group and stream differ from
// others: the values that they are made of, as they are.
func (f *form) appendKey(dst []byte, d *event.Doc) []byte {
	if f.fields == nil {
		dst = f.render(dst, f.group, d, false, appendKeyPart)
		return f.render(dst, f.stream, d, false, appendKeyPart)
	}
	for i := range f.fields {
		path := f.fields[i].path
		if path == classPath {
			dst = append(append(dst, d.Retention...), 0) // from the config: it has no NUL
			continue
		}
		v := event.Value{Kind: event.String}
		if text, ok := lastMember(d.JSON, f.fields[i].begin); ok {
			v.Text = text
		} else if v = d.Lookup(path); v.Kind == event.JSONString && bytes.IndexByte(v.Text, '\\') < 0 {
			v.Kind = event.String // the same text
		}
		dst = appendKeyPart(append(dst, byte(v.Kind)), v.Text)
	}
	return dst
}

// lastMember finds a string at the root of a document by its key and opening
// quote, if it stands behind all nested objects, as the constant fields of a
// source do. It looks at the bytes and parses nothing, ten times as fast. A key
// that begins behind a comma or a brace is none inside of a string: a quote
// there has a backslash before it. And where nothing but the document's own
// brace is still to be closed, there is nothing around but the document.
func lastMember(doc, begin []byte) (value []byte, ok bool) {
	const near = 256 // where constant fields mostly are
	skipped := max(0, len(doc)-near)
	i := bytes.Index(doc[skipped:], begin)
	if i >= 0 {
		i += skipped
	} else {
		i = bytes.Index(doc, begin)
	}
	if i < 1 || doc[i-1] != ',' && doc[i-1] != '{' {
		return nil, false
	}
	rest := doc[i+len(begin):]
	end := bytes.IndexByte(rest, '"')
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 || bytes.IndexByte(rest[end:], '}') != len(rest)-end-1 {
		return nil, false
	}
	return rest[:end], true
}

// appendKeyPart appends a value after its length, so that no value can look
// like the end of one and the beginning of the next.
func appendKeyPart(dst, value []byte) []byte {
	value = value[:min(len(value), maxKey)]
	return append(binary.LittleEndian.AppendUint16(dst, uint16(len(value))), value...)
}

// names returns the names of d's group and stream. With spared, all values but
// the class are left out, as if the event had none.
func (f *form) names(d *event.Doc, spared bool) (group, stream string) {
	g := f.render(nil, f.group, d, spared, appendConfined)
	s := f.render(nil, f.stream, d, spared, appendConfined)
	return string(g[:min(len(g), maxName)]), string(s[:min(len(s), maxName)])
}

func (f *form) render(dst []byte, t *expr.Template, d *event.Doc, spared bool, part func(dst, value []byte) []byte) []byte {
	r := f.records.Get().(*nameRecord)
	r.doc, r.class, r.spared = d, append(r.class[:0], d.Retention...), spared
	dst = t.RenderParts(dst, r, part)
	r.doc = nil
	f.records.Put(r)
	return dst
}

// appendConfined appends a value so that it can be part of a name.
func appendConfined(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, generic...)
	}
	return expr.Confine(dst, value, inName, maxValue)
}

// inName says which bytes a value may bring into a name. A slash divides a
// group's parts, so a value has none: no service can name another's group.
func inName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-'
}

// nameRecord is a document as the templates of its names see it. Its class is
// that of the index row, whatever the line says.
type nameRecord struct {
	doc    *event.Doc
	class  []byte
	spared bool
}

func (r *nameRecord) Lookup(path string) event.Value {
	switch {
	case path == classPath:
		return event.Value{Kind: event.String, Text: r.class}
	case r.spared:
		return event.Value{}
	}
	return r.doc.Lookup(path)
}

// patternRecord is a document of one class of which all else can be anything.
type patternRecord string

func (r patternRecord) Lookup(path string) event.Value {
	if path == classPath {
		return event.Value{Kind: event.String, Text: []byte(r)}
	}
	return event.Value{Kind: event.String, Text: []byte{'*'}}
}

// nothing is a document without fields.
type nothing struct{}

func (nothing) Lookup(string) event.Value { return event.Value{} }
