package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/components"
	"github.com/renthub/sluice/internal/docgen"
)

//go:generate go test -run TestTheReferenceIsThatOfTheCode -update .

func TestTheReferenceIsThatOfTheCode(t *testing.T) {
	pages, err := docgen.Pages("../..", components.All(), newRoot())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.FromSlash("../../docs/reference")
	known := map[string]bool{"outputs.md": true} // by hand
	if *update {
		removePages(t, dir, known)
	}
	for _, p := range pages {
		known[p.Name] = true
		path := filepath.Join(dir, p.Name)
		if *update {
			if err := os.WriteFile(path, p.Text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v: run go generate ./cmd/sluice", err)
		}
		if diff := cmp.Diff(string(want), string(p.Text)); diff != "" {
			t.Errorf("%s differs from the code: run go generate ./cmd/sluice (-page +code)\n%s", p.Name, diff)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("%s is of nothing in the code", e.Name())
		}
	}
}

// removePages leaves the pages that are kept.
func removePages(t *testing.T, dir string, kept map[string]bool) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if kept[e.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}
