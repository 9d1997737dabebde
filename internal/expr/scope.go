package expr

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Scope is what an expression can use besides the event.
type Scope struct {
	// Vars are the values of var and local, resolved at load.
	Vars map[string]cty.Value
	// Functions are those that only work at load: env and file.
	Functions map[string]function.Function
	// Classes are the declared retention classes; nil leaves them unchecked.
	Classes []string
	// Early says that the retention class is not decided yet, so that nothing
	// can depend on it.
	Early bool
	// Evaluate computes an expression that reads nothing of the event; nil
	// evaluates it in Context.
	Evaluate func(e hcl.Expression) (cty.Value, hcl.Diagnostics)
}

// Context is the scope as hcl evaluates with it: the load-time functions and
// values, and no event.
func (s *Scope) Context() *hcl.EvalContext {
	all := maps.Clone(loadFunctions)
	maps.Copy(all, s.Functions)
	vars := s.Vars
	if vars == nil {
		vars = map[string]cty.Value{}
	}
	return &hcl.EvalContext{Variables: vars, Functions: all}
}

// FunctionNames are all functions that an expression can call.
func (s *Scope) FunctionNames() []string {
	names := slices.Collect(maps.Keys(eventFunctions))
	names = slices.AppendSeq(names, maps.Keys(loadFunctions))
	names = slices.AppendSeq(names, maps.Keys(s.Functions))
	slices.Sort(names)
	return slices.Compact(names)
}

// isLoadName reports whether a traversal's root is resolved at load.
func (s *Scope) isLoadName(root string) bool { return root == "var" || root == "local" }
