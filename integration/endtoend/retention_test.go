//go:build integration

package endtoend

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
)

// keeping writes a config whose classes are kept so long.
func keeping(t *testing.T, dir, url string, keep map[string]string) string {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "input \"file\" \"app\" {\n  paths = [%q]\n}\n\nretention {\n  default = \"standard\"\n", filepath.Join(dir, "*.log"))
	for _, class := range slices.Sorted(maps.Keys(keep)) {
		fmt.Fprintf(&text, "  class %q {\n    keep = %q\n  }\n", class, keep[class])
	}
	fmt.Fprintf(&text, "}\n\nbuffer {\n  path = %q\n}\n\n", filepath.Join(dir, "buffer"))
	text.WriteString(output(`"elasticsearch" "main"`, fmt.Sprintf("endpoints = [%q]", url)))
	path := filepath.Join(dir, "pipeline.hcl")
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRetentionPlanAndApply(t *testing.T) {
	n := realserver.Start(t, realserver.Elasticsearch)
	dir := t.TempDir()
	var config string
	demand := func(wantCode int, args ...string) printed {
		t.Helper()
		p := sluice(t, dir, append(args, "-c", config)...)
		if p.code != wantCode {
			t.Errorf("sluice %s: exit code %d, want %d; it printed %s%s", strings.Join(args, " "), p.code, wantCode, p.out, p.notices)
		}
		return p
	}
	keeps := func(when string, want map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, kept(t, n)); diff != "" {
			t.Errorf("templates at the server, %s (-want +got):\n%s", when, diff)
		}
	}

	first := map[string]string{"audit": "400d", "debug": "3d", "forever": "forever", "standard": "30d"}
	made := map[string]string{"audit": "400d", "debug": "3d", "forever": "", "standard": "30d"}
	config = keeping(t, dir, n.URL, first)
	plan := demand(1, "retention", "plan", "-o", "json")
	if got := actions(t, plan); !slices.Equal(got, []string{"create audit", "create debug", "create forever", "create standard"}) {
		t.Errorf("first plan: got %q, want four templates to create", got)
	}
	keeps("after a plan", map[string]string{})
	demand(2, "retention", "apply") // nobody to ask
	keeps("after an apply that could not ask", map[string]string{})
	demand(0, "retention", "apply", "--yes")
	keeps("after the first apply", made)
	demand(0, "retention", "plan")

	config = keeping(t, dir, n.URL, map[string]string{"audit": "500d", "debug": "1d", "forever": "90d", "standard": "30d"})
	plan = demand(1, "retention", "plan", "-o", "json")
	if got := actions(t, plan); !slices.Equal(got, []string{"extend audit", "shorten debug", "shorten forever", "keep standard"}) {
		t.Errorf("second plan: got %q, want one to extend, two to shorten and one to keep", got)
	}
	t.Logf("plan:\n%s", demand(1, "retention", "plan").out)
	keeps("after the second plan", made)
	demand(2, "retention", "apply", "--yes", "--shorten", "standard") // nothing of it is shortened: a slip
	keeps("after --shorten of a class that nothing shortens", made)

	applied := demand(0, "retention", "apply", "--yes")
	made["audit"] = "500d"
	keeps("after an apply without --shorten", made)
	t.Logf("apply says: %s", applied.notices)
	if !strings.Contains(applied.notices, "debug") || !strings.Contains(applied.notices, "forever") {
		t.Errorf("apply does not name what it left: %s", applied.notices)
	}
	demand(0, "retention", "apply", "--yes", "--shorten", "debug")
	made["debug"] = "1d"
	keeps("after --shorten debug", made)
	demand(0, "retention", "apply", "--yes", "--shorten", "forever")
	made["forever"] = "90d"
	keeps("after --shorten forever", made)
	demand(0, "retention", "plan")

	// A new start must not touch what is there.
	config = keeping(t, dir, n.URL, map[string]string{"audit": "1d", "debug": "1d", "forever": "1d", "standard": "1d"})
	shipOne(t, n, dir, config)
	keeps("after a start with shorter times", made)
}

// actions is what a plan would do, as "extend audit". The test server has no
// page of data streams, of which the plan warns.
func actions(t *testing.T, plan printed) []string {
	t.Helper()
	var changes []struct{ Action, Class, Kind string }
	if err := json.Unmarshal([]byte(plan.out), &changes); err != nil {
		t.Fatalf("%v in %s", err, plan.out)
	}
	var list []string
	for _, c := range changes {
		if c.Kind == "index template" {
			list = append(list, c.Action+" "+c.Class)
		}
	}
	return list
}

// kept reads back how long each class's template says.
func kept(t *testing.T, n *realserver.Node) map[string]string {
	t.Helper()
	var answer struct {
		Templates []struct {
			Name string `json:"name"`
			Body struct {
				Patterns []string `json:"index_patterns"`
				Template struct {
					Lifecycle struct {
						Retention string `json:"data_retention"`
					} `json:"lifecycle"`
				} `json:"template"`
			} `json:"index_template"`
		} `json:"index_templates"`
	}
	n.Ask(t, "GET", "/_index_template", "", &answer)
	list := map[string]string{}
	for _, one := range answer.Templates {
		if class, ok := strings.CutPrefix(one.Name, "sluice-logs-"); ok {
			list[class] = one.Body.Template.Lifecycle.Retention
			if want := []string{"logs-*-" + class}; !slices.Equal(one.Body.Patterns, want) {
				t.Errorf("template %s: got patterns %q, want %q", one.Name, one.Body.Patterns, want)
			}
		}
	}
	return list
}

// shipOne runs the agent until a line is at the server.
func shipOne(t *testing.T, n *realserver.Node, dir, config string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "app.log"), []byte(`{"level":"info","msg":"one"}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	a := rig.Start(t, config)
	rig.Eventually(t, 30*time.Second, func() string { return "one document; the agent says: " + a.Log() },
		func() bool {
			var answer struct{ Count int }
			return n.Ask(t, "GET", "/logs-*/_count", "", &answer) == 200 && answer.Count == 1 // 503 while the stream is being made
		})
	a.Stop(t)
}
