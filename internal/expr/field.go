package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Path returns the document's path that a traversal names: log.level,
// labels["a/b"]. ok is false if it names none.
func Path(t hcl.Traversal) (path string, ok bool) {
	parts := make([]string, 0, len(t))
	for i, step := range t {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			parts = append(parts, step.Name)
		case hcl.TraverseAttr:
			parts = append(parts, step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() != cty.String || step.Key.IsNull() || !step.Key.IsKnown() {
				return "", false
			}
			if i == 1 && parts[0] == "event" { // event["x"] is x
				parts = parts[:0]
			}
			parts = append(parts, step.Key.AsString())
		default:
			return "", false
		}
	}
	switch path := strings.Join(parts, "."); path {
	case "timestamp":
		return "@timestamp", true
	case "retention.class":
		return "labels.retention", true
	default:
		return path, path != ""
	}
}

// fieldNode compiles a traversal that is no var or local.
func (c *compiler) fieldNode(t hcl.Traversal, rng hcl.Range) *node {
	root := t.RootName()
	switch root {
	case "input", "output", "parser", "route":
		if len(t) > 1 {
			return c.fail(rng, "Not a field", `%s names a block of the config, not a field of an event. For a field of that name write event["%s"].`, root, root)
		}
	}
	path, ok := Path(t)
	if !ok {
		return c.fail(rng, "Not a field", "A field of an event is named by its keys. An element of a list cannot be picked; contains() asks whether a list holds something.")
	}
	_, asIndex := t[len(t)-1].(hcl.TraverseIndex)
	if near := misspelt(path); near != "" && !(asIndex && root == "event") { // event["x"] says that x is meant
		c.warn(rng, fmt.Sprintf("Unusual field %q", path), fmt.Sprintf("Did you mean %s? If events do have a field %q, write event[%q] to say so.", near, path, path))
	}
	return c.field(path, rng)
}

// field is the node of a field.
func (c *compiler) field(path string, rng hcl.Range) *node {
	if c.scope.Early && path == "labels.retention" {
		return c.fail(rng, "Not decided yet", "An event gets its retention class after all enrich blocks. Only routes and outputs can use it.")
	}
	if !slices.Contains(c.fields, path) {
		c.fields = append(c.fields, path)
	}
	return &node{rng: rng, field: path, canon: path}
}

// index compiles labels[local.key]: an index whose key is known at load.
func (c *compiler) index(e *hclsyntax.IndexExpr) *node {
	of, key := c.node(e.Collection), c.node(e.Key)
	if of.unknown || key.unknown {
		return c.bad(e.SrcRange)
	}
	if of.field == "" || key.constant == nil || key.typ != text {
		return c.fail(e.SrcRange, "Not a field", "Only a field can be indexed, by a key that is known when the config is loaded.")
	}
	path := of.field + "." + string(key.constant.bytes)
	if of.field == "event" {
		path = string(key.constant.bytes)
	}
	return c.field(path, e.SrcRange)
}

// relative compiles labels[local.key].name.
func (c *compiler) relative(e *hclsyntax.RelativeTraversalExpr) *node {
	of := c.node(e.Source)
	if of.unknown {
		return of
	}
	rest, ok := Path(append(hcl.Traversal{hcl.TraverseRoot{Name: of.field}}, e.Traversal...))
	if of.field == "" || !ok {
		return c.fail(e.SrcRange, "Not a field", "Only a field of an event has further keys.")
	}
	return c.field(rest, e.SrcRange)
}

// wellKnown are the fields that most documents have; a near miss is probably
// a spelling mistake.
var wellKnown = []string{
	"@timestamp", "message", "log.level", "log.logger", "log.file.path", "service.name", "service.version", "service.environment",
	"host.name", "host.ip", "error.message", "error.type", "error.stack_trace", "labels.retention", "trace.id", "span.id", "user.id", "user.name",
	"url.path", "url.full", "http.request.method", "http.response.status_code", "source.ip", "client.ip", "event.dataset", "process.pid",
	"kubernetes.namespace", "kubernetes.pod.name", "kubernetes.container.name", "kubernetes.node.name", "deployment.environment",
}

// meant are names under which no document has a value: parsers move them.
var meant = map[string]string{
	"level": "log.level", "msg": "message", "service": "service.name", "host": "host.name", "error": "error.message",
}

// misspelt returns the well-known field that path is a near miss of, or "".
func misspelt(path string) string {
	if m, ok := meant[path]; ok {
		return m
	}
	if len(path) < 5 || slices.Contains(wellKnown, path) {
		return ""
	}
	for _, known := range wellKnown {
		if d := distance(path, known); d == 1 || d == 2 && len(path) > 8 {
			return known
		}
	}
	return ""
}
