//go:build mutants

package mutants

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	all      = flag.Bool("all", false, "all mutants, not only the first ten")
	patience = flag.Duration("patience", 3*time.Minute, "for one test; one that takes longer has failed")
)

const few = 10

// mutant is one patch.
type mutant struct {
	path string
	args []string // of go test: the package, -run and more
}

func TestEachMutantIsCaughtByItsTest(t *testing.T) {
	mutants := load(t)
	if !*all && len(mutants) > few {
		mutants = mutants[:few]
	}
	tree := copyTree(t)
	passed := map[string]bool{} // tests that pass without a mutant
	for _, m := range mutants {
		t.Run(strings.TrimSuffix(filepath.Base(m.path), ".patch"), func(t *testing.T) {
			if key := strings.Join(m.args, " "); !passed[key] {
				if out, ok := runTest(t, tree, m.args); !ok {
					t.Fatalf("its test does not even pass without it:\n%s", out)
				}
				passed[key] = true
			}
			apply(t, tree, m.path)
			defer apply(t, tree, m.path, "--reverse")
			compiles(t, tree, m.args)
			if out, ok := runTest(t, tree, m.args); ok {
				t.Errorf("nobody missed the safeguard: go test %s passes:\n%s", strings.Join(m.args, " "), out)
			}
		})
	}
}

// load reads the heads of all patches, in the order of their names.
func load(t *testing.T) []mutant {
	t.Helper()
	paths, err := filepath.Glob("*.patch")
	if err != nil {
		t.Fatal(err)
	}
	var out []mutant
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			t.Fatal(err)
		}
		args, err := testOf(abs)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, mutant{path: abs, args: args})
	}
	if len(out) == 0 {
		t.Fatal("no patches here")
	}
	return out
}

// testOf reads which test a patch is to make fail.
func testOf(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	words := strings.Fields(strings.TrimPrefix(lines.Text(), "# test:"))
	if !strings.HasPrefix(lines.Text(), "# test:") || len(words) < 2 {
		return nil, fmt.Errorf("%s: its first line must be: # test: ./package TestName [flags]", path)
	}
	// What stands behind a package is for the test binary, so flags go first.
	args := append([]string{"-run", "^(" + words[1] + ")$"}, words[2:]...)
	return append(args, words[0]), nil
}

// copyTree copies the module, but for what git and the agent keep in it.
func copyTree(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	from, to := strings.TrimSpace(string(root)), t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == ".git" || e.Name() == ".sluice" {
			continue
		}
		if out, err := exec.Command("cp", "-r", filepath.Join(from, e.Name()), to).CombinedOutput(); err != nil {
			t.Fatalf("copy the tree: %v: %s", err, out)
		}
	}
	return to
}

// apply puts a patch in, or takes it out.
func apply(t *testing.T, tree, patch string, flags ...string) {
	t.Helper()
	cmd := exec.Command("git", append(append([]string{"apply", "--recount"}, flags...), patch)...)
	cmd.Dir = tree
	// Outside of any repository, git applies to files only.
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(tree))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("apply %s: %v: %s", filepath.Base(patch), err, out)
	}
}

// compiles fails the test if the mutant does not: a test that does not build
// has caught nothing.
func compiles(t *testing.T, tree string, args []string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"vet"}, args[2:]...)...)
	cmd.Dir = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the mutant does not compile: %s", out)
	}
}

func runTest(t *testing.T, tree string, args []string) (output string, passed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), *patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1"}, args...)...)
	cmd.Dir = tree
	out, err := cmd.CombinedOutput()
	if err == nil && strings.Contains(string(out), "no tests to run") {
		t.Fatalf("no such test: go test %s", strings.Join(args, " "))
	}
	return string(out), err == nil
}
