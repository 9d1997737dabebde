package config

import (
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// missing marks an unknown value: it should have come from outside and was not
// there. It is an error only where the value is used in an enabled block.
type missing struct{ summary, detail string }

// fromFile marks a value that file() read, so that a secret made of it can be
// read again.
type fromFile struct{}

// maxFile is the most that file() reads.
const maxFile = 1 << 20

// envFunction is env(name) and env(name, default). A variable that is set to
// nothing counts as not set, as Compose files leave them.
func envFunction(o Options) function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.String, AllowUnknown: true, AllowMarked: true},
		Type: func(args []cty.Value) (cty.Type, error) {
			if len(args) > 2 {
				return cty.String, function.NewArgErrorf(2, "usage: env(name) or env(name, default)")
			}
			return cty.String, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if o.Static {
				return cty.UnknownVal(cty.String), nil
			}
			name := args[0].AsString()
			if o.Env != nil {
				if v, ok := o.Env(name); ok && v != "" {
					return cty.StringVal(v), nil
				}
			}
			if len(args) == 2 {
				return args[1], nil
			}
			return cty.UnknownVal(cty.String).Mark(missing{
				"Environment variable " + name + " is not set",
				"Set it, or give env() what to use instead: env(\"" + name + "\", \"...\").",
			}), nil
		},
	})
}

// fileFunction is file(name), for config files in dir.
func fileFunction(o Options, dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "name", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if o.Static {
				return cty.UnknownVal(cty.String), nil
			}
			name := args[0].AsString()
			text, err := readSmall(o, dir, name)
			if err != "" {
				return cty.UnknownVal(cty.String).Mark(missing{"File " + name + " cannot be read", err}), nil
			}
			return cty.StringVal(text).Mark(fromFile{}), nil
		},
	})
}

// readSmall reads a file without its last newline, and says what is wrong.
func readSmall(o Options, dir, name string) (text, wrong string) {
	if o.ReadFile == nil {
		return "", "Files are not read here."
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	src, err := o.ReadFile(name)
	switch {
	case err != nil:
		return "", "It says: " + err.Error() + "."
	case len(src) > maxFile:
		return "", "It is larger than 1 MiB."
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(src), "\n"), "\r"), ""
}
