package stdout

import (
	"maps"
	"os"
	"slices"
)

// environment is the agent's with the variables of set, which win.
func environment(set map[string]string) []string {
	env := os.Environ()
	for _, name := range slices.Sorted(maps.Keys(set)) {
		env = append(env, name+"="+set[name])
	}
	return env
}
