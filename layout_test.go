package sluice_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/renthub/sluice/"

// rules say which packages of ours a package may import. The longest prefix
// that fits a package holds. Design, section 3: imports point one way.
var rules = []struct {
	pkg  string
	may  []string // prefixes
	note string
}{
	{"event", []string{"internal/jsonscan", "internal/timefmt"}, "event is the leaf"},
	{"internal/jsonscan", nil, "a leaf"},
	{"internal/timefmt", nil, "a leaf"},
	{"internal/fsx", []string{"internal/fsx"}, "a leaf"},
	{"internal/expr", []string{"event", "internal/jsonscan", "internal/timefmt"}, "expressions know records only"},
	{"internal/config", []string{"internal/expr", "event", "internal/jsonscan"}, "config knows no component"},
	{"buffer", []string{"internal/fsx"}, "the buffer knows nothing of events"},
	{"inputs", []string{"event", "inputs/framing"}, "a contract"},
	{"parsers", []string{"event"}, "a contract"},
	{"outputs", []string{"event"}, "a contract"},
	{"pipeline", []string{"event", "buffer", "inputs", "inputs/framing", "outputs", "parsers", "internal/config", "internal/jsonscan"}, "the pipeline sees contracts, never a component"},
}

// siblings may not import each other; these are theirs to share.
var shared = []string{"inputs/tail", "inputs/framing", "inputs/inputtest", "parsers/timestamp", "parsers/internal", "parsers/parsertest", "outputs/outputtest"}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsPointOneWay(t *testing.T) {
	for _, p := range packages(t) {
		from, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue
		}
		for _, i := range p.Imports {
			if to, ours := strings.CutPrefix(i, module); ours {
				check(t, from, to)
			}
		}
	}
}

func check(t *testing.T, from, to string) {
	t.Helper()
	for _, r := range rules {
		if from == r.pkg && !slices.Contains(r.may, to) {
			t.Errorf("%s imports %s: %s", from, to, r.note)
		}
	}
	kind, _, _ := strings.Cut(from, "/")
	if component(from) && component(to) && from != to && !slices.ContainsFunc(shared, func(s string) bool { return to == s || strings.HasPrefix(to, s+"/") }) && !strings.HasPrefix(to, from+"/") {
		if kind != "parsers" || from != "parsers/auto" { // auto is made of the other parsers
			t.Errorf("%s imports its sibling %s", from, to)
		}
	}
	if strings.HasPrefix(to, "cmd/") || to == "internal/components" && !strings.HasPrefix(from, "cmd/") && !strings.HasPrefix(from, "internal/") {
		t.Errorf("%s imports %s: imports point one way", from, to)
	}
}

// component reports whether a package is an input, a parser or an output, or
// a part of one.
func component(p string) bool {
	kind, rest, found := strings.Cut(p, "/")
	return found && rest != "" && (kind == "inputs" || kind == "parsers" || kind == "outputs")
}
