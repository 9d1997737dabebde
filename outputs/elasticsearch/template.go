package elasticsearch

import (
	"strconv"
	"strings"
	"time"

	"github.com/renthub/sluice/outputs"
)

// priority is that of our templates: above the 100 of those that
// Elasticsearch brings and the 200 that its guides advise.
const priority = 500

// target is what one retention class has at the server.
type target struct {
	class    outputs.Class
	template string // its template's name
	pattern  string // of its streams
}

// targets are those of all classes, or the one that all share if the class is
// no part of the streams' names.
func (o *Output) targets() []target {
	form := o.streams.form
	classes := o.classes
	if len(classes) == 0 {
		classes = []outputs.Class{{Name: generic}}
	}
	if !form.hasClass() {
		return []target{{classes[0], o.templateName(""), form.pattern("")}}
	}
	list := make([]target, len(classes))
	for i, c := range classes {
		list[i] = target{c, o.templateName(c.Name), form.pattern(c.Name)}
	}
	return list
}

// templateName is sluice-PREFIX-CLASS. With a data_stream or an index of its own
// an output has that one's literal beginning as prefix.
func (o *Output) templateName(class string) string {
	prefix := o.config.Prefix
	if o.config.DataStream != nil || o.config.Index != nil {
		prefix = strings.Trim(literalStart(o.streams.form.pattern("")), "-_.")
	}
	text := "sluice-" + prefix
	if class != "" {
		text += "-" + string(appendConfined(nil, []byte(class)))
	}
	return text
}

func literalStart(pattern string) string {
	start, _, _ := strings.Cut(pattern, "*")
	return strings.TrimSuffix(start, generic)
}

// body is the index template of a target. Unless it is asked for, it uses
// nothing that a plain server lacks: no component templates, no ILM, no field
// types of its modules.
func (t target) body(o *Output, priority int, withLifecycle bool) map[string]any {
	template := map[string]any{"mappings": o.mappings()}
	switch {
	case o.usesILM():
		template["settings"] = map[string]any{"index": map[string]any{"lifecycle": map[string]any{"name": t.policy()}}}
	case withLifecycle && o.config.Index == nil:
		template["lifecycle"] = lifecycleBody(t.class.Keep)
	}
	body := map[string]any{
		"index_patterns": []string{t.pattern},
		"priority":       priority,
		"template":       template,
		"_meta":          map[string]any{"managed_by": "sluice", "retention_class": t.class.Name},
	}
	if o.config.Index == nil {
		stream := map[string]any{}
		if o.config.Routing != nil {
			stream["allow_custom_routing"] = true
		}
		body["data_stream"] = stream
	}
	return body
}

// mappings fit documents with ECS names. What is not named here is mapped as
// it comes: texts as keywords, since most are names, ids and levels.
func (o *Output) mappings() map[string]any {
	keyword := map[string]any{"type": "keyword", "ignore_above": 1024}
	text := map[string]any{"type": "text"}
	var dynamic []map[string]any
	// A label is a keyword whatever its first value looks like, or a later
	// one would not fit.
	for _, kind := range []string{"string", "long", "double", "boolean", "date"} {
		dynamic = append(dynamic, map[string]any{"labels_" + kind: map[string]any{
			"path_match": "labels.*", "match_mapping_type": kind, "mapping": keyword,
		}})
	}
	dynamic = append(dynamic, map[string]any{"texts": map[string]any{
		"match_mapping_type": "string", "mapping": keyword,
	}})
	properties := map[string]any{
		"@timestamp": map[string]any{"type": "date"},
		"message":    text,
		"error":      map[string]any{"properties": map[string]any{"message": text, "stack_trace": text}},
	}
	if o.config.Product == productElasticsearch {
		// "app" and "app.kubernetes.io/name" cannot both be fields.
		properties["kubernetes"] = map[string]any{"properties": map[string]any{
			"labels":      map[string]any{"type": "flattened"},
			"annotations": map[string]any{"type": "flattened"},
		}}
	}
	return map[string]any{"date_detection": false, "dynamic_templates": dynamic, "properties": properties}
}

// lifecycleBody is a data stream lifecycle: whole backing indices are deleted
// once they are older. Without a time they roll over and are kept.
func lifecycleBody(keep time.Duration) map[string]any {
	if keep == 0 {
		return map[string]any{"enabled": true}
	}
	return map[string]any{"enabled": true, "data_retention": formatRetention(keep)}
}

// formatRetention writes a time in the largest unit of Elasticsearch's that
// gives it exactly. There is none above days. A part of a second is rounded
// up: nothing is deleted early.
func formatRetention(d time.Duration) string {
	for _, u := range retentionUnits {
		if d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10) + "s"
}

var retentionUnits = []struct {
	name string
	size time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second},
	{"ms", time.Millisecond}, {"micros", time.Microsecond}, {"nanos", 1}}

// parseRetention reads a time as Elasticsearch writes it; "" and "-1" are for
// ever.
func parseRetention(text string) (time.Duration, bool) {
	if text == "" || text == "-1" {
		return 0, true
	}
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, false
	}
	for _, u := range retentionUnits {
		if text[len(digits):] == u.name && n <= int64(1<<63-1)/int64(u.size) {
			return time.Duration(n) * u.size, true
		}
	}
	return 0, false
}

// covers reports whether a pattern covers all that another does.
func covers(pattern, other string) bool {
	// A star of other stands for anything: for a text that no pattern names.
	return patternMatches(pattern, strings.ReplaceAll(other, "*", "\x00\x01"))
}

// patternMatches reports whether a pattern in which * stands for any text
// matches all of text.
func patternMatches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// overlaps reports whether some name matches both patterns.
func overlaps(a, b string) bool {
	// Both are walked at once; seen[i][j] says that a[i:] and b[j:] were
	// compared before and have nothing in common.
	seen := map[[2]int]bool{}
	var walk func(i, j int) bool
	walk = func(i, j int) bool {
		if i == len(a) && j == len(b) {
			return true
		}
		at := [2]int{i, j}
		if seen[at] {
			return false
		}
		seen[at] = true
		if i < len(a) && a[i] == '*' && (walk(i+1, j) || j < len(b) && walk(i, j+1)) {
			return true
		}
		if j < len(b) && b[j] == '*' && (walk(i, j+1) || i < len(a) && walk(i+1, j)) {
			return true
		}
		return i < len(a) && j < len(b) && a[i] == b[j] && a[i] != '*' && walk(i+1, j+1)
	}
	return walk(0, 0)
}
