//go:build integration

package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BinaryVariable names a binary to test in place of a new build.
const BinaryVariable = "SLUICE_TEST_BINARY"

// Main is the body of TestMain: it builds ./cmd/sluice into a temporary folder,
// runs the tests and returns the exit code.
func Main(m *testing.M) int {
	if os.Getenv(BinaryVariable) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "sluice-build-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for the build:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "sluice")
	build := exec.Command("go", "build", "-o", binary, "github.com/renthub/sluice/cmd/sluice")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the agent: %v\n%s", err, out)
		return 1
	}
	os.Setenv(BinaryVariable, binary)
	return m.Run()
}

// Binary is the path of the agent under test.
func Binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv(BinaryVariable)
	if path == "" {
		t.Fatal("no binary: TestMain must call rig.Main")
	}
	return path
}

// Tool returns the path of a program that the test cannot do without, and skips
// the test where it is missing. .ci/run installs all of them.
func Tool(t testing.TB, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is missing: install Debian's %s", name, debianPackage)
	}
	return path
}

// Root skips the test where it does not run as root.
func Root(t testing.TB, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not run as root, which it takes to", why)
	}
}
