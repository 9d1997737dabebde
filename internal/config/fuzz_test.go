package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzLoad holds that no text panics, that what is wrong has a summary, and
// that a config that loads can be printed and loaded again.
func FuzzLoad(f *testing.F) {
	names, err := filepath.Glob("testdata/bad/*.hcl*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range append(names, "testdata/example.hcl", "testdata/example.hcl.json") {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, strings.HasSuffix(name, ".json"))
	}
	f.Fuzz(func(t *testing.T, src []byte, json bool) {
		name := "a.hcl"
		if json {
			name += ".json"
		}
		for _, static := range []bool{true, false} {
			c, diags := LoadSources([]Source{{name, src}}, testKinds(), Options{Static: static})
			for _, d := range diags {
				if d.Summary == "" {
					t.Errorf("a diagnostic without a summary: %v", d)
				}
			}
			textOf(c, diags)
			if diags.HasErrors() {
				continue
			}
			var b strings.Builder
			if err := c.Print(&b); err != nil {
				t.Error(err)
			}
		}
		Format(name, src)
	})
}
