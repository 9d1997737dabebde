package kafka

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
)

// Limits of names, in bytes.
const (
	maxName  = 249 // of a topic, by Kafka
	maxValue = 100 // of one value from an event
)

const (
	classPath    = "labels.retention" // what ${retention.class} reads
	generic      = "generic"          // for a value that an event has not
	defaultTopic = "logs-${retention.class}"
)

// checkTemplate reports why no topic can have such a name. What events add is
// confined later; here the literal parts are judged.
func (n *names) checkTemplate() error {
	const mark = '/' // for values; no literal may have it
	text := n.template.RenderParts(nil, nothing{}, func(dst, _ []byte) []byte { return append(dst, mark) })
	if len(text) == 0 || text[0] == mark {
		return errors.New("topic must begin with text of its own, so that no event can name another's topic")
	}
	for _, c := range text {
		if c != mark && !inTopic(c) {
			return fmt.Errorf("topic holds %q: letters, digits, - _ . are allowed", c)
		}
	}
	if len(text) > maxName-maxValue {
		return fmt.Errorf("topic has more than %d bytes of its own", maxName-maxValue)
	}
	return nil
}

func checkName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > maxName {
		return fmt.Errorf("%q cannot be the name of a topic: 1 to %d bytes, and not dots alone", name, maxName)
	}
	for i := range len(name) {
		if !inTopic(name[i]) {
			return fmt.Errorf("topic %q holds %q: letters, digits, - _ . are allowed", name, name[i])
		}
	}
	return nil
}

func parseTemplate(text string) (*expr.Template, error) {
	e, diags := hclsyntax.ParseTemplate([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, fmt.Errorf("read template: %w", diags)
	}
	template, diags := expr.CompileTemplate(e, &expr.Scope{})
	if diags.HasErrors() {
		return nil, fmt.Errorf("read template: %w", diags)
	}
	return template, nil
}

// appendConfined appends a value so that it can be part of a topic's name.
func appendConfined(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, generic...)
	}
	return expr.Confine(dst, value, inValue, maxValue)
}

// inTopic says which bytes a topic's name can have.
func inTopic(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// inValue says which bytes a value may bring into a name. A hyphen divides a
// name's parts, so that no service can name another's topic; topics that
// differ in a dot and an underscore collide in brokers' metrics.
func inValue(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_'
}

// nameRecord is a document as the template of its topic's name sees it. Its
// class is that of the index row, whatever the line says.
type nameRecord struct {
	doc     *event.Doc
	classes map[string]class
	spared  bool
}

func (r *nameRecord) Lookup(path string) event.Value {
	switch {
	case path == classPath:
		c, ok := r.classes[r.doc.Retention]
		if !ok { // a block of an earlier config
			c.text = []byte(r.doc.Retention)
		}
		return event.Value{Kind: event.String, Text: c.text}
	case r.spared:
		return event.Value{}
	}
	return r.doc.Lookup(path)
}

// nothing is a document without fields.
type nothing struct{}

func (nothing) Lookup(string) event.Value { return event.Value{} }
