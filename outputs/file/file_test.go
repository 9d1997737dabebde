package file

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// noon is the clock of most tests.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func deps(t *testing.T) outputs.Deps {
	d := outputtest.Deps(t)
	d.Now = func() time.Time { return noon }
	return d
}

// openAt opens an archive that the test closes.
func openAt(t *testing.T, dir string, d outputs.Deps) *archive {
	t.Helper()
	return openWith(t, dir, d, nil)
}

// openWith is openAt with other settings.
func openWith(t *testing.T, dir string, d outputs.Deps, change func(*Config)) *archive {
	t.Helper()
	c := defaults()
	c.Path = expr.Literal(dir)
	if change != nil {
		change(&c)
	}
	o, err := open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return o.(*archive)
}

func docAt(at time.Time, class string, n int) event.Doc {
	return event.Doc{JSON: fmt.Appendf(nil, `{"n":%d}`, n), Time: at.UnixMilli(), Retention: class}
}

func request(docs ...event.Doc) *outputs.Request {
	r := &outputs.Request{Count: len(docs), Docs: docs}
	for i := range docs {
		r.Size += len(docs[i].JSON)
	}
	return r
}

func send(t *testing.T, a *archive, docs ...event.Doc) {
	t.Helper()
	if err := a.Send(t.Context(), request(docs...)); err != nil {
		t.Fatal(err)
	}
}

func closeArchive(t *testing.T, a *archive) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// lines reads a file as zcat does.
func lines(t *testing.T, name string) []string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() == 0 {
		return nil
	}
	gz, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var list []string
	scan := bufio.NewScanner(gz)
	scan.Buffer(nil, 16<<20)
	for scan.Scan() {
		list = append(list, scan.Text())
	}
	if err := scan.Err(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

// tree returns the lines of every file below dir, by path.
func tree(t *testing.T, dir string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && e.Name() != lockName {
			rel, _ := filepath.Rel(dir, name)
			all[filepath.ToSlash(rel)] = lines(t, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestContract(t *testing.T) {
	outputtest.Run(t, func(t *testing.T, d outputs.Deps) outputtest.Target {
		dir := t.TempDir()
		return outputtest.Target{
			Output: openAt(t, dir, d),
			Stored: func() []string {
				var all []string
				for _, l := range tree(t, dir) {
					all = append(all, l...)
				}
				return all
			},
		}
	})
}

func TestDocumentsGoToTheFileOfTheirClassAndDay(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	day := 24 * time.Hour
	send(t, a,
		docAt(noon, "audit", 1),
		docAt(noon.Add(-day), "audit", 2),
		docAt(noon, "debug", 3),
		docAt(noon, "audit", 4),
		docAt(noon.Add(-13*time.Hour), "audit", 5), // 23:00 of the day before
		docAt(noon.Add(23*time.Hour), "audit", 6),  // tomorrow, which a clock may say
		docAt(noon.Add(25*time.Hour), "audit", 7),  // further on, which is wrong
		docAt(time.Date(1989, 12, 31, 0, 0, 0, 0, time.UTC), "audit", 8),
		docAt(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), "odd", 9),
		event.Doc{JSON: []byte(`{"n":10}`), Retention: "audit"},
		docAt(noon, "", 11),
		docAt(noon, "../../etc", 12),
		docAt(noon, ".hidden", 13),
	)
	send(t, a, docAt(noon, "audit", 14))
	closeArchive(t, a)
	want := map[string][]string{
		"audit/2026-11-24.ndjson.gz":   {`{"n":1}`, `{"n":4}`, `{"n":7}`, `{"n":8}`, `{"n":10}`, `{"n":14}`},
		"audit/2026-11-23.ndjson.gz":   {`{"n":2}`, `{"n":5}`},
		"audit/2026-11-25.ndjson.gz":   {`{"n":6}`},
		"debug/2026-11-24.ndjson.gz":   {`{"n":3}`},
		"odd/1990-01-01.ndjson.gz":     {`{"n":9}`},
		"default/2026-11-24.ndjson.gz": {`{"n":11}`},
		"other/2026-11-24.ndjson.gz":   {`{"n":12}`, `{"n":13}`},
	}
	if diff := cmp.Diff(tree(t, dir), want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
}

func TestForgedTimesMakeFewFiles(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	var docs []event.Doc
	for i := range 1000 {
		docs = append(docs, docAt(noon.AddDate(0, 0, -i), "for_ever", i))
	}
	send(t, a, docs...)
	closeArchive(t, a)
	got := tree(t, dir)
	total := 0
	for _, l := range got {
		total += len(l)
	}
	if len(got) > maxGroups+1 || total != 1000 {
		t.Errorf("%d files with %d documents, want at most %d with 1000", len(got), total, maxGroups+1)
	}
}

func TestADocumentIsALine(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	send(t, a, event.Doc{JSON: []byte("{\"a\":1,\n\"b\":\n2}"), Retention: "audit"})
	closeArchive(t, a)
	got := tree(t, dir)["audit/2026-11-24.ndjson.gz"]
	if diff := cmp.Diff(got, []string{`{"a":1, "b": 2}`}); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
}

func TestZcatReadsTheArchive(t *testing.T) {
	zcat, err := exec.LookPath("zcat")
	if err != nil {
		t.Skip("zcat is not here")
	}
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	for i := range 3 {
		send(t, a, docAt(noon, "audit", i))
	}
	closeArchive(t, a)
	cmd := exec.Command(zcat, filepath.Join(dir, "audit", "2026-11-24.ndjson.gz"))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	got, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("zcat: %v %s", err, complaints.String())
	}
	if want := "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyTheOwnerMayRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "archive")
	a := openAt(t, dir, deps(t))
	send(t, a, docAt(noon, "audit", 1))
	closeArchive(t, a)
	for name, want := range map[string]fs.FileMode{"": 0o700, "audit": 0o700, "audit/2026-11-24.ndjson.gz": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q: permissions %o, want %o", name, got, want)
		}
	}
}

func TestConfigNeedsAFolder(t *testing.T) {
	c := defaults()
	c.Path = nil
	if got := c.Validate(); len(got) != 1 || got[0].Attr != "path" {
		t.Errorf("got %v, want a problem with path", got)
	}
	if _, err := open(c, deps(t)); err == nil {
		t.Error("opened an archive without a folder")
	}
}

func BenchmarkSend(b *testing.B) {
	dir := b.TempDir()
	c := defaults()
	c.Path = expr.Literal(dir)
	o, err := open(c, outputs.Deps{Name: "file.bench", Now: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	a := o.(*archive)
	line := `{"ts":"2026-11-24T10:02:55.%03dZ","log.level":"info","message":"GET /api/properties/%d/availability answered","logger":"http","caller":"server/handler.go:118","request_id":"%016x-%016x","user":{"id":%d,"role":"tenant"},"http":{"method":"GET","status":200,"bytes":5120},"duration_ms":12.75,"@timestamp":"2026-11-24T10:02:55.348Z","service.name":"properties","host.name":"web-1","log.file.path":"/var/log/renthub/properties/app.log","labels.retention":"standard"}`
	rnd := rand.New(rand.NewPCG(1, 2))
	r := &outputs.Request{}
	for i := 0; r.Size < maxRequest; i++ {
		json := fmt.Appendf(nil, line, i%1000, rnd.IntN(10000), rnd.Uint64(), rnd.Uint64(), rnd.IntN(100000))
		class := []string{"standard", "debug", "audit"}[i%10/8]
		r.Docs = append(r.Docs, event.Doc{JSON: json, Time: noon.UnixMilli(), Retention: class})
		r.Size += len(json)
	}
	b.SetBytes(int64(r.Size))
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Send(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if info, err := os.Stat(filepath.Join(dir, "standard", "2026-11-24.ndjson.gz")); err == nil {
		b.ReportMetric(float64(b.N)*float64(r.Size)*0.8/float64(info.Size()), "ratio")
	}
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
}

func TestWholeDayNames(t *testing.T) {
	for name, want := range map[string]bool{
		"2026-11-24.ndjson.gz": true, "2026-11-24.ndjson": false, "2026-13-24.ndjson.gz": false, "2026-1-2.ndjson.gz": false,
		"2026-11-24.1.ndjson.gz": true, "2026-11-24.999999.ndjson.gz": true, "2026-11-24.1000000.ndjson.gz": false, "2026-11-24.01.ndjson.gz": false,
		"2026-11-24.0.ndjson.gz": false, "2026-11-24.-1.ndjson.gz": false, "2026-11-24.1.1.ndjson.gz": false, "2026-11-24..ndjson.gz": false,
		"2026-11-24.ndjson.gz.bak": false, "x2026-11-24.ndjson.gz": false, strings.Repeat("9", 300) + ".ndjson.gz": false,
	} {
		if _, _, got := readName(name); got != want {
			t.Errorf("%.40s: got %t, want %t", name, got, want)
		}
	}
}
