package elasticsearch

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

// Limits of names, in bytes. A backing index has ".ds-" and
// "-2026.11.24-000001" around its stream's name, and 255 in all.
const (
	maxName  = 255 - 4 - 18
	maxValue = 100 // of one value from an event, as for a data stream's dataset
	maxKey   = 400 // of one value before it is confined
)

const (
	timePath  = "@timestamp"       // what format_time reads, in index names
	classPath = "labels.retention" // what ${retention.class} reads
	generic   = "generic"          // for a value that an event has not
)

// form is how streams are named: a template whose values from events are
// confined. It is immutable.
type form struct {
	setting  string // "data_stream" or "index", for messages
	template *expr.Template
	// fields are what the template reads, if it does nothing else with them
	// than to put them into the name. Else it is nil.
	fields  []string
	classes map[string][]byte // names of the retention classes, as bytes
	records *sync.Pool        // of *nameRecord
}

// newForm returns the form that the config says, or the default one.
func newForm(c Config, classes []string) (*form, error) {
	template, setting, prefix := c.DataStream, "data_stream", c.Prefix
	if c.Index != nil {
		template, setting = c.Index, "index"
	}
	if template == nil {
		var err error
		if strings.ContainsAny(prefix, "$%{") { // not one to be read as a template
			return nil, errors.New("prefix holds a character that no stream can have")
		}
		if template, err = parseTemplate(prefix + "-${service.name}-${retention.class}"); err != nil {
			return nil, fmt.Errorf("read prefix: %w", err)
		}
	}
	f := &form{setting: setting, template: template, fields: plainFields(template), classes: map[string][]byte{}, records: &sync.Pool{New: func() any { return new(nameRecord) }}}
	for _, c := range classes {
		f.classes[c] = []byte(c)
	}
	return f, f.check()
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

// check reports why no stream can have such a name. What events add is
// confined later; here the literal parts are judged.
func (f *form) check() error {
	const mark = '\n' // for values; no literal may have it
	text := f.template.RenderParts(nil, nothing{}, func(dst, _ []byte) []byte { return append(dst, mark) })
	if len(text) == 0 || text[0] == mark {
		return fmt.Errorf("%s must begin with text of its own, so that no event can name another's", f.setting)
	}
	switch text[0] {
	case '-', '_', '.':
		return fmt.Errorf("%s must not begin with -, _ or a dot", f.setting)
	}
	for _, c := range text {
		if c != mark && c != '-' && !inName(c) {
			return fmt.Errorf("%s holds %q: lower-case letters, digits, - _ . are allowed", f.setting, c)
		}
	}
	if len(text) > maxName-maxValue {
		return fmt.Errorf("%s has more than %d bytes of its own", f.setting, maxName-maxValue)
	}
	return nil
}

// constant returns the name if it is the same for all documents.
func (f *form) constant() (string, bool) { return f.template.Constant() }

// hasClass reports whether the retention class is part of the name.
func (f *form) hasClass() bool { return f.template.Reads(classPath) }

// pattern is the index pattern of all names of one retention class.
func (f *form) pattern(class string) string {
	text := f.template.RenderParts(nil, patternRecord(class), func(dst, value []byte) []byte {
		if len(value) == 0 || bytes.IndexByte(value, '*') >= 0 { // a date of any time is empty
			return append(dst, '*')
		}
		return appendConfined(dst, value)
	})
	return string(text)
}

// plainFields returns the fields of a template that has no functions.
func plainFields(template *expr.Template) []string {
	fields, left := template.Fields(), template.String()
	for _, path := range fields {
		left = strings.ReplaceAll(left, "${"+path+"}", "")
	}
	if strings.Contains(left, "${") {
		return nil
	}
	return fields
}

// appendKey appends what makes the name of d's stream differ from others: the
// values that it is made of, as they are.
func (f *form) appendKey(dst []byte, d *event.Doc) []byte {
	if f.fields == nil {
		return f.render(dst, d, false, appendKeyPart)
	}
	for _, path := range f.fields {
		if path == classPath {
			dst = append(append(dst, d.Retention...), 0) // from the config: it has no NUL
			continue
		}
		v := d.Lookup(path)
		if v.Kind == event.JSONString && bytes.IndexByte(v.Text, '\\') < 0 {
			v.Kind = event.String // the same text
		}
		dst = appendKeyPart(append(dst, byte(v.Kind)), v.Text)
	}
	return dst
}

// appendKeyPart appends a value after its length, so that no value can look
// like the end of one and the beginning of the next.
func appendKeyPart(dst, value []byte) []byte {
	value = value[:min(len(value), maxKey)]
	return append(binary.LittleEndian.AppendUint16(dst, uint16(len(value))), value...)
}

// append appends the name of d's stream. With spared, all values but the class
// are left out, as if the event had none.
func (f *form) append(dst []byte, d *event.Doc, spared bool) []byte {
	start := len(dst)
	dst = f.render(dst, d, spared, appendConfined)
	return dst[:min(len(dst), start+maxName)]
}

func (f *form) render(dst []byte, d *event.Doc, spared bool, part func(dst, value []byte) []byte) []byte {
	return f.renderAny(dst, f.template, d, spared, part)
}

// renderOther appends another template than that of the name.
func (f *form) renderOther(dst []byte, t *expr.Template, d *event.Doc, part func(dst, value []byte) []byte) []byte {
	return f.renderAny(dst, t, d, false, part)
}

func (f *form) renderAny(dst []byte, t *expr.Template, d *event.Doc, spared bool, part func(dst, value []byte) []byte) []byte {
	r := f.records.Get().(*nameRecord)
	*r = nameRecord{d, f.classes, spared}
	dst = t.RenderParts(dst, r, part)
	*r = nameRecord{}
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

// inName says which bytes a value may bring into a name. A hyphen divides a
// name's parts, so a value has none: no service can name another's stream.
func inName(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '.'
}

// nameRecord is a document as the template of its stream's name sees it. Its
// class is that of the index row, whatever the line says.
type nameRecord struct {
	doc     *event.Doc
	classes map[string][]byte
	spared  bool
}

func (r *nameRecord) Lookup(path string) event.Value {
	switch {
	case path == classPath:
		text, ok := r.classes[r.doc.Retention]
		if !ok { // a block of an earlier config
			text = []byte(r.doc.Retention)
		}
		return event.Value{Kind: event.String, Text: text}
	case r.spared && path != timePath:
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
