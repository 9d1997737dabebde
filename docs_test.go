package sluice_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testName is a test as the docs name it: its package's folder and its function.
var testName = regexp.MustCompile(`\b([a-z][a-z0-9_/]*)\.(Test[A-Za-z0-9_]+)`)

// What docs/reference/outputs.md promises is promised by tests: a renamed one
// must not leave a line behind that nothing backs.
func TestTheTestsThatTheDocsNameExist(t *testing.T) {
	text, err := os.ReadFile("docs/reference/outputs.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{} // tests of a package, by its folder
	for line := range strings.Lines(string(text)) {
		names := testName.FindAllStringSubmatch(line, -1)
		row := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| destination ")
		if row && len(names) == 0 {
			t.Errorf("no test backs the line %.80q", line)
		}
		for _, name := range names {
			folder, function := name[1], name[2]
			if _, ok := sources[folder]; !ok {
				sources[folder] = testsOf(t, folder)
			}
			if !strings.Contains(sources[folder], "\nfunc "+function+"(") {
				t.Errorf("%s has no test %s", folder, function)
			}
		}
	}
	if len(sources) == 0 {
		t.Error("the page names no test")
	}
}

// testsOf is the text of a package's test files, whatever their build tags.
func testsOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteByte('\n')
		all.Write(text)
	}
	return all.String()
}

// The page of destinations.hcl shows the file that the tests run.
func TestTheDocsShowTheConfigThatIsTested(t *testing.T) {
	page, err := os.ReadFile("docs/destinations.md")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("docs/destinations.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```hcl\n"+string(config)+"```\n") {
		t.Error("docs/destinations.md does not show docs/destinations.hcl as it is")
	}
}
