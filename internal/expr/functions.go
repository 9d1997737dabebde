package expr

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// builder compiles a call into n: it sets cond or eval. It reports what is
// wrong with the arguments and leaves n as it is then.
type builder func(c *compiler, n *node, args []*node)

// signature is a function that can be computed for an event.
type signature struct {
	usage    string
	min, max int // arguments; max 0 is no limit
	result   kind
	perEvent bool // it has no value without an event
	build    builder
}

var eventFunctions = map[string]signature{
	"contains":       {usage: `contains(list, value) or contains(text, part)`, min: 2, max: 2, result: boolean, build: buildContains},
	"starts_with":    {usage: `starts_with(text, start)`, min: 2, max: 2, result: boolean, build: buildStartsWith},
	"ends_with":      {usage: `ends_with(text, end)`, min: 2, max: 2, result: boolean, build: buildEndsWith},
	"match":          {usage: `match(text, "regular expression")`, min: 2, max: 2, result: boolean, build: buildMatch},
	"level_at_least": {usage: `level_at_least("warn")`, min: 1, max: 1, result: boolean, perEvent: true, build: buildLevelAtLeast},

	"lower":    {usage: `lower(text)`, min: 1, max: 1, result: text, build: textFunction(appendLower)},
	"upper":    {usage: `upper(text)`, min: 1, max: 1, result: text, build: textFunction(appendUpper)},
	"trim":     {usage: `trim(text)`, min: 1, max: 1, result: text, build: textFunction(appendTrimmed)},
	"replace":  {usage: `replace(text, old, new)`, min: 3, max: 3, result: text, build: buildReplace},
	"substr":   {usage: `substr(text, start, length)`, min: 3, max: 3, result: text, build: buildSubstr},
	"split":    {usage: `split(",", text)`, min: 2, max: 2, result: list, build: buildSplit},
	"join":     {usage: `join(",", list)`, min: 2, max: 2, result: text, build: buildJoin},
	"coalesce": {usage: `coalesce(first, second, ...)`, min: 1, build: buildCoalesce},
	"length":   {usage: `length(text or list)`, min: 1, max: 1, result: number, build: buildLength},

	"number": {usage: `number(text)`, min: 1, max: 1, result: number, build: numberFunction(identity)},
	"abs":    {usage: `abs(number)`, min: 1, max: 1, result: number, build: numberFunction(abs)},
	"floor":  {usage: `floor(number)`, min: 1, max: 1, result: number, build: numberFunction(floor)},
	"ceil":   {usage: `ceil(number)`, min: 1, max: 1, result: number, build: numberFunction(ceil)},
	"round":  {usage: `round(number)`, min: 1, max: 1, result: number, build: numberFunction(round)},
	"min":    {usage: `min(number, ...)`, min: 1, result: number, build: extreme(-1)},
	"max":    {usage: `max(number, ...)`, min: 1, result: number, build: extreme(1)},

	"unix":        {usage: `unix(timestamp)`, min: 1, max: 1, result: number, build: timeFunction(unixOf)},
	"hour":        {usage: `hour(timestamp)`, min: 1, max: 1, result: number, build: timeFunction(hourOf)},
	"weekday":     {usage: `weekday(timestamp)`, min: 1, max: 1, result: text, build: timeFunction(weekdayOf)},
	"age":         {usage: `age(timestamp)`, min: 1, max: 1, result: number, perEvent: true, build: timeFunction(ageOf)},
	"format_time": {usage: `format_time("2006-01-02", timestamp)`, min: 2, max: 2, result: text, build: buildFormatTime},
}

// loadFunctions are those that can be called on what is known at load: the
// same ones, computed by the same code, and some that make lists and objects.
var loadFunctions = makeLoadFunctions()

func makeLoadFunctions() map[string]function.Function {
	all := map[string]function.Function{
		"concat": stdlib.ConcatFunc, "distinct": stdlib.DistinctFunc, "flatten": stdlib.FlattenFunc, "format": stdlib.FormatFunc,
		"jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "merge": stdlib.MergeFunc, "values": stdlib.ValuesFunc,
	}
	for name, f := range eventFunctions {
		if !f.perEvent {
			all[name] = f.atLoad(name)
		}
	}
	return all
}

// call compiles a function call that reads the event.
func (c *compiler) call(e *hclsyntax.FunctionCallExpr) *node {
	f, ok := eventFunctions[e.Name]
	if !ok {
		return c.unknownFunction(e)
	}
	if e.ExpandFinal {
		return c.fail(e.Range(), "Not possible on an event", "A list cannot be expanded (...) to the arguments of a call that reads the event.")
	}
	if len(e.Args) < f.min || f.max > 0 && len(e.Args) > f.max {
		return c.fail(e.Range(), fmt.Sprintf("Wrong number of arguments for %s", e.Name), "Usage: %s.", f.usage)
	}
	args, bad := make([]*node, len(e.Args)), false
	for i, a := range e.Args {
		args[i] = c.node(a)
		bad = bad || args[i].unknown
	}
	n := &node{rng: e.Range(), typ: f.result, canon: canonCall(e.Name, args...)}
	if bad {
		n.unknown = true
		return n
	}
	if f.build(c, n, args); n.cond == nil && n.eval == nil {
		return c.bad(n.rng)
	}
	return n
}

func (c *compiler) unknownFunction(e *hclsyntax.FunctionCallExpr) *node {
	_, own := c.scope.Functions[e.Name]
	if _, known := loadFunctions[e.Name]; known || own {
		return c.fail(e.Range(), "Not possible on an event", "%s() works on values that are known when the config is loaded, and not on an event's fields.", e.Name)
	}
	return c.fail(e.NameRange, fmt.Sprintf("No function %q", e.Name), "%s", UnknownFunction(e.Name, c.scope.FunctionNames()))
}

// UnknownFunction says what to do about a call of a function that does not
// exist.
func UnknownFunction(name string, known []string) string {
	switch name {
	case "startswith", "startsWith", "has_prefix", "hasPrefix", "prefix":
		return `Did you mean "starts_with"?`
	case "endswith", "endsWith", "has_suffix", "hasSuffix", "suffix":
		return `Did you mean "ends_with"?`
	case "regex", "regexp", "matches", "regexmatch", "re_match", "like":
		return `Did you mean "match"?`
	case "len", "size", "count":
		return `Did you mean "length"?`
	case "exists", "has", "defined", "is_null", "isnull":
		return `A field is there if it is not null: field != null.`
	case "getenv", "env_var":
		return `Did you mean "env"?`
	}
	if near := Nearest(name, known); near != "" {
		return DidYouMean(name, known)[1:]
	}
	return "The functions are " + enumerate(known) + "."
}

// NeedsEvent reports whether a function has no value without an event.
func NeedsEvent(name string) bool { return eventFunctions[name].perEvent }

// atLoad returns f as hcl calls it when it evaluates an attribute.
func (f signature) atLoad(name string) function.Function {
	result := map[kind]cty.Type{boolean: cty.Bool, text: cty.String, number: cty.Number}[f.result]
	if result == cty.NilType {
		result = cty.DynamicPseudoType
	}
	arg := function.Parameter{Name: "arg", Type: cty.DynamicPseudoType, AllowNull: true}
	return function.New(&function.Spec{
		VarParam: &arg,
		Type:     function.StaticReturnType(result),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f.computeAtLoad(name, args)
			if err != nil || v.kind == null {
				return cty.NullVal(result), err
			}
			return toCty(v), nil
		},
	})
}

func (f signature) computeAtLoad(name string, args []cty.Value) (value, error) {
	if len(args) < f.min || f.max > 0 && len(args) > f.max {
		return nothing, fmt.Errorf("wrong number of arguments; usage: %s", f.usage)
	}
	c := &compiler{scope: &Scope{}}
	nodes := make([]*node, len(args))
	for i, a := range args {
		nodes[i] = constantNode(fromCty(a), hcl.Range{})
	}
	n := &node{typ: f.result}
	f.build(c, n, nodes)
	if len(c.diags) > 0 {
		return nothing, fmt.Errorf("%s: %s", c.diags[0].Summary, c.diags[0].Detail)
	}
	return n.evaluator()(nil, &scratch{}), nil
}
