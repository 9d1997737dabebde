package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestEveryMistakeIsExplained holds one config for each kind of mistake beside
// what is said about it.
func TestEveryMistakeIsExplained(t *testing.T) {
	names, err := filepath.Glob("testdata/bad/*.hcl*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			c, diags := LoadSources([]Source{{filepath.Base(name), src}}, testKinds(), Options{ReadFile: os.ReadFile})
			if len(diags) == 0 {
				t.Fatal("nothing was found wrong")
			}
			got := textOf(c, diags)
			golden := strings.TrimSuffix(strings.TrimSuffix(name, ".json"), ".hcl") + ".want"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, string(want)); diff != "" {
				t.Errorf("message differs (-got +want):\n%s", diff)
			}
		})
	}
}
