package expr

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/renthub/sluice/event"
)

// buildContains compiles contains(list, value) and contains(text, part).
func buildContains(c *compiler, n *node, args []*node) {
	in, what := args[0], args[1]
	switch {
	case in.constant != nil && in.typ == list:
		n.cond = predicate(what, memberOf(in.constant.items))
	case in.typ == number || in.typ == boolean || in.constant != nil && in.typ != text || what.typ == list || what.typ == raw:
		c.fail(n.rng, "Wrong arguments for contains", "Usage: contains(list, value) or contains(text, part).")
	case what.constant != nil:
		want := *what.constant
		n.cond = predicate(in, func(v value) bool { return holds(v, want) })
	default:
		n.cond = predicate2(in, what, holds)
	}
}

// memberOf is the condition of being in a list that does not change: a set.
func memberOf(items []value) func(value) bool {
	set, others := map[string]struct{}{}, []value{}
	for _, item := range items {
		if item.kind == text {
			set[string(item.bytes)] = struct{}{}
		} else {
			others = append(others, item)
		}
	}
	return func(v value) bool {
		if v.kind == text {
			if _, ok := set[string(v.bytes)]; ok {
				return true
			}
			return isAny(others, v)
		}
		return isAny(items, v)
	}
}

func isAny(items []value, v value) bool {
	for _, item := range items {
		if equal(item, v) {
			return true
		}
	}
	return false
}

// holds reports whether a list has an element, or a text a part.
func holds(in, what value) bool {
	switch in.kind {
	case list:
		return isAny(in.items, what)
	case raw:
		if len(in.bytes) == 0 || in.bytes[0] != '[' {
			return false
		}
		s, found := getScratch(), false
		eachElement(in.bytes, func(element []byte) bool {
			found = equal(load(event.ValueOf(element), s), what)
			return !found
		})
		putScratch(s)
		return found
	case text, number:
		return what.isTextual() && bytes.Contains(in.bytes, what.bytes)
	}
	return false
}

func buildStartsWith(c *compiler, n *node, args []*node) { buildAffix(c, n, args, bytes.HasPrefix) }
func buildEndsWith(c *compiler, n *node, args []*node)   { buildAffix(c, n, args, bytes.HasSuffix) }

func buildAffix(c *compiler, n *node, args []*node, has func(b, affix []byte) bool) {
	if !c.textual(args...) {
		return
	}
	if args[1].constant == nil {
		n.cond = predicate2(args[0], args[1], func(v, affix value) bool {
			return v.isTextual() && affix.isTextual() && has(v.bytes, affix.bytes)
		})
		return
	}
	affix := args[1].constant.bytes
	n.cond = predicate(args[0], func(v value) bool { return v.isTextual() && has(v.bytes, affix) })
}

// textual reports arguments that cannot be text.
func (c *compiler) textual(args ...*node) bool {
	ok := true
	for _, a := range args {
		if a.typ == boolean || a.typ == list || a.typ == raw || a.constant != nil && a.typ == null {
			c.fail(a.rng, "Not text", "Text is needed here. This is %s.", a.typ)
			ok = false
		}
	}
	return ok
}

// buildMatch compiles match(text, regular expression).
func buildMatch(c *compiler, n *node, args []*node) {
	pattern := args[1].constant
	if pattern == nil || pattern.kind != text {
		hint := `The regular expression must be known when the config is loaded: match(message, "^GET ").`
		if args[0].constant != nil {
			hint = "The field comes first, the regular expression second."
		}
		c.fail(args[1].rng, "Not a regular expression", "%s", hint)
		return
	}
	re, err := regexp.Compile(strings.TrimSuffix(string(pattern.bytes), "\n")) // a heredoc ends with a newline
	if err != nil {
		c.fail(args[1].rng, "Invalid regular expression", "%s", explainRegexp(err))
		return
	}
	if c.textual(args[0]) {
		n.cond = predicate(args[0], func(v value) bool { return v.isTextual() && re.Match(v.bytes) })
	}
}

// explainRegexp says what is wrong in words for those who know other engines.
func explainRegexp(err error) string {
	said := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	if strings.Contains(said, "(?=") || strings.Contains(said, "(?!") || strings.Contains(said, "(?<") {
		return "RE2 has no look-ahead and no look-behind: " + said + ". Named groups are written (?P<name>...)."
	}
	return "RE2 says: " + said + "."
}

// buildLevelAtLeast compiles level_at_least("warn"). A record whose level is
// not known counts as info, so that a rule for debug lines does not take what
// merely has no level.
func buildLevelAtLeast(c *compiler, n *node, args []*node) {
	level := args[0].constant
	if level == nil || level.kind != text {
		c.fail(args[0].rng, "Not a level", `The level must be known when the config is loaded: level_at_least("warn").`)
		return
	}
	least := event.ParseLevel(level.bytes)
	if least == event.Unknown {
		name := string(level.bytes)
		c.fail(args[0].rng, "No level "+quote(name), "The levels are %s.%s", enumerate(levelNames), DidYouMean(name, levelNames))
		return
	}
	n.cond = func(r event.Record) bool {
		severity := event.Unknown
		if l, ok := r.(leveller); ok {
			severity = l.Level()
		} else if v := r.Lookup("log.level"); v.Kind == event.String || v.Kind == event.JSONString {
			severity = event.ParseLevel(v.Text)
		}
		if severity == event.Unknown {
			severity = event.Info
		}
		return severity >= least
	}
}

// leveller is a record that knows its severity without reading its text.
type leveller interface{ Level() event.Severity }

var levelNames = []string{"trace", "debug", "info", "notice", "warn", "error", "critical", "alert", "emergency", "fatal"}

func quote(s string) string { return `"` + s + `"` }
