package file

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
)

func template(t testing.TB, text string) *expr.Template {
	t.Helper()
	e, diags := hclsyntax.ParseTemplate([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	made, diags := expr.CompileTemplate(e, &expr.Scope{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return made
}

func formOf(t testing.TB, text string) *form {
	t.Helper()
	f, err := newForm(template(t, text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

func folderOf(f *form, class, json string) string {
	return string(f.append(nil, &record{doc: &event.Doc{JSON: []byte(json), Retention: class}}))
}

func TestFoldersAreNamedByFields(t *testing.T) {
	const doc = `{"service.name":"bookings","host":{"name":"Web-1"},"labels.retention":"forged","n":7}`
	for _, tt := range []struct{ path, root, want string }{
		{"/a/b", "/a/b", "audit"},
		{"a", "a", "audit"},
		{"/a/b/", "/a/b/", "audit"},
		{"/a/${service.name}", "/a", "bookings/audit"},
		{"/a/b/${service.name}/", "/a/b", "bookings/audit"},
		{"/a/x-${service.name}/${host.name}", "/a", "x-bookings/Web-1/audit"},
		{"/a/${retention.class}/${service.name}", "/a", "audit/bookings"},
		{"/a/keep-${retention.class}", "/a", "keep-audit"},
		{"/a/${service.name}-${retention.class}", "/a", "bookings-audit/audit"},
		{"/a/${retention.class}${retention.class}", "/a", "auditaudit"},
		{"/a/${upper(retention.class)}", "/a", "AUDIT/audit"},
		{"/a/${lower(host.name)}/x", "/a", "web-1/x/audit"},
		{"/a/${missing}/${n}", "/a", "default/7/audit"},
		{"../up/${n}", "../up", "7/audit"},
	} {
		f := formOf(t, tt.path)
		if f.root != tt.root {
			t.Errorf("%s: root %s, want %s", tt.path, f.root, tt.root)
		}
		if got := folderOf(f, "audit", doc); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.path, got, tt.want)
		}
	}
}

// The archive's lock stands beside the folders.
func TestNoFolderIsInTheLocksPlace(t *testing.T) {
	for want, got := range map[string]string{
		"_OCK/audit":  folderOf(formOf(t, "/a/${x}"), "audit", `{"x":"LOCK"}`),
		"_ock/y/d":    folderOf(formOf(t, "/a/${x}/y"), "d", `{"x":"lock"}`),
		"_OCK/z":      folderOf(formOf(t, "/a/L${x}"), "z", `{"x":"OCK"}`),
		"other":       folderOf(formOf(t, "/a"), "Lock", `{}`),
		"LOCKS/audit": folderOf(formOf(t, "/a/${x}"), "audit", `{"x":"LOCKS"}`),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWrongPaths(t *testing.T) {
	for _, text := range []string{
		"${service.name}", "${service.name}/x", "/${service.name}", "logs-${service.name}/x",
		"/a/${service.name}/../b", "/a/${service.name}//b", "/a/.${service.name}", "/a/./${service.name}/.",
		"/a/${service.name}/b c", `/a/${service.name}\\b`, "/a/${service.name}/b*", "/a/${service.name}/" + strings.Repeat("x", 101),
	} {
		c := defaults()
		c.Path = template(t, text)
		if got := c.Validate(); len(got) != 1 || got[0].Attr != "path" {
			t.Errorf("%s: got %v, want a problem with path", text, got)
		}
	}
}

func TestFolderIsWhatIsTheSameForAll(t *testing.T) {
	for text, want := range map[string]string{"/a/b": "/a/b", "/a/b/c-${n}/d": "/a/b", "${n}": ""} {
		if got := (Config{Path: template(t, text)}).Folder(); got != filepath.FromSlash(want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// Whatever an event says, its documents stay below the archive's folder and
// below that of their class.
func FuzzNoEventChoosesItsFolder(f *testing.F) {
	for _, value := range []string{"..", ".", "/", "../../etc/passwd", "a/b", `a\b`, "", "con", "\x00", "x\ny", "é", strings.Repeat("a", 300)} {
		f.Add(value, value)
	}
	form := formOf(f, "/a/${x}/y-${y}${x}${y}")
	pattern := map[bool]string{true: "audit", false: "debug"}
	f.Fuzz(func(t *testing.T, x, y string) {
		doc := fmt.Sprintf(`{"x":%s,"y":%s}`, quote(x), quote(y))
		for _, class := range pattern {
			got := folderOf(form, class, doc)
			names := strings.Split(got, "/")
			if len(names) != 3 || path.Clean(got) != got || !form.matches(names, class) {
				t.Fatalf("x %q, y %q: got %q", x, y, got)
			}
			for _, other := range pattern {
				if other != class && form.matches(names, other) {
					t.Fatalf("x %q, y %q: %q is kept as %s too", x, y, got, other)
				}
			}
			for _, name := range names {
				if len(name) > 255 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != "" || name[0] == '.' {
					t.Fatalf("x %q, y %q: folder %q", x, y, name)
				}
			}
		}
	})
}

func quote(text string) string {
	out := []byte{'"'}
	for _, c := range []byte(strings.ToValidUTF8(text, "?")) {
		if c < ' ' || c == '"' || c == '\\' {
			out = fmt.Appendf(out, `\u%04x`, c)
			continue
		}
		out = append(out, c)
	}
	return string(append(out, '"'))
}

func serviceDoc(service, class string, n int) event.Doc {
	d := docAt(noon, class, n)
	d.JSON = fmt.Appendf(nil, `{"n":%d,"service.name":%s}`, n, quote(service))
	return d
}

func TestFoldersAreCounted(t *testing.T) {
	dir := t.TempDir()
	a := openWith(t, dir, deps(t), func(c *Config) { c.Path = template(t, dir+"/${service.name}"); c.MaxFolders = 2 })
	for n, service := range []string{"a", "b", "c", "a", "d", "../e"} {
		send(t, a, serviceDoc(service, "audit", n))
	}
	closeArchive(t, a)
	got := map[string]int{}
	for name, lines := range tree(t, dir) {
		got[name] = len(lines)
	}
	want := map[string]int{"a/audit/2026-11-24.ndjson.gz": 2, "b/audit/2026-11-24.ndjson.gz": 1, "other/audit/2026-11-24.ndjson.gz": 3}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("documents by file (-got +want):\n%s", diff)
	}
}

func TestNewFoldersAreThereForGood(t *testing.T) {
	dir := t.TempDir()
	a := openWith(t, dir, deps(t), func(c *Config) { c.Path = template(t, dir+"/${service.name}") })
	var synced []string
	a.files.syncFolder = func(_ *os.Root, name string) error { synced = append(synced, name); return nil }
	send(t, a, serviceDoc("a", "audit", 1), serviceDoc("a", "debug", 2))
	closeArchive(t, a)
	if diff := cmp.Diff(synced, []string{".", "a", "a/audit", "a", "a/debug"}); diff != "" {
		t.Errorf("synced folders (-got +want):\n%s", diff)
	}
}

func TestSortingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, text := range []string{"archive", "archive/${service.name}/${retention.class}"} {
		f := formOf(t, text)
		g := groups{folders: newFolders(f, 10, newMetrics(deps(t))), places: map[key]int{}}
		var docs []event.Doc
		for i := range 300 {
			docs = append(docs, serviceDoc([]string{"a", "b", "c"}[i%3], []string{"audit", "debug"}[i%2], i))
		}
		if got := testing.AllocsPerRun(10, func() { g.sort(docs, noon) }); got > 0 {
			t.Errorf("%s: %v allocations for 300 documents, want none", text, got)
		}
	}
}
