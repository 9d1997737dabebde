//go:build integration

package lumberjack

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

// rules are what of the defaults the tests count on.
const (
	maxWindow  = 2048
	pipelining = 2
	inFlight   = 2
)

func output(lines ...string) string {
	return "output \"lumberjack\" \"logstash\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

func archiveTo(dir string) string {
	return fmt.Sprintf("output \"file\" \"archive\" {\n  path = %q\n}\n", dir)
}

// delivered waits until both outputs have nothing left.
func delivered(t *testing.T, a *rig.Agent, admin string, want int) {
	t.Helper()
	rig.Eventually(t, 4*time.Minute, func() string { return "all delivered; the agent says: " + a.Log() }, func() bool {
		m := rig.Metrics(t, admin)
		for _, name := range []string{"lumberjack.logstash", "file.archive"} {
			if int(m[`sluice_output_documents_total{output="`+name+`"}`]) < want || m[`sluice_output_pending_documents{output="`+name+`"}`] > 0 {
				return false
			}
		}
		return true
	})
}

// started runs the agent until its admin address answers.
func started(t *testing.T, config, admin string) *rig.Agent {
	t.Helper()
	a := rig.Start(t, config)
	rig.Eventually(t, 20*time.Second, func() string { return "the agent answers; it says: " + a.Log() }, func() bool {
		resp, err := http.Get("http://" + admin + "/livez")
		return err == nil && resp.Body.Close() == nil
	})
	return a
}

func TestEveryDocumentArrivesWhileTheServerIsKilled(t *testing.T) {
	lines, kills := 20_000, 3
	if long() {
		lines, kills = 100_000, 12
	}
	s := newLogstash(t)
	dir := t.TempDir()
	archive := filepath.Join(dir, "archive")
	cfg := rig.Config{
		Dir: dir, Admin: rig.FreeAddress(t), Input: []string{`max_line_size = "4MiB"`},
		Outputs: []string{output(fmt.Sprintf("endpoints = [%q]", s.address), `timeout = "5s"`), archiveTo(archive)},
	}
	config := cfg.Write(t)
	starts := writeLines(t, filepath.Join(cfg.Logs(), "app.log"), lines)
	a := started(t, config, cfg.Admin)
	for range kills {
		before := s.size()
		rig.Eventually(t, time.Minute, func() string { return "the server receives; the agent says: " + a.Log() }, func() bool {
			return s.size() > before+100_000
		})
		s.kill()
		rig.Pause(50 * time.Millisecond)
		s.start(t)
	}
	delivered(t, a, cfg.Admin, lines)
	a.Stop(t)

	repeats := compare(t, s, archive, starts)
	if most := kills * inFlight * pipelining * maxWindow; repeats > most {
		t.Errorf("%d documents came again, want at most what was on the way at %d kills, %d", repeats, kills, most)
	}
	t.Logf("%d lines, the server killed %d times: 0 lost, %d sent again under the same id", lines, kills, repeats)
}

// What an agent sends again after it was killed has the ids that it had before.
func TestAKilledAgentSendsTheSameIDs(t *testing.T) {
	lines, kills := 20_000, 3
	if long() {
		lines, kills = 100_000, 12
	}
	s := newLogstash(t)
	dir := t.TempDir()
	archive := filepath.Join(dir, "archive")
	cfg := rig.Config{
		Dir: dir, Admin: rig.FreeAddress(t), Input: []string{`max_line_size = "4MiB"`},
		Outputs: []string{output(fmt.Sprintf("endpoints = [%q]", s.address)), archiveTo(archive)},
	}
	config := cfg.Write(t)
	starts := writeLines(t, filepath.Join(cfg.Logs(), "app.log"), lines)
	for range kills {
		before := s.size()
		a := rig.Start(t, config)
		rig.Eventually(t, time.Minute, func() string { return "the server receives; the agent says: " + a.Log() }, func() bool {
			return s.size() > before+100_000
		})
		a.Kill()
	}
	a := started(t, config, cfg.Admin)
	rig.Eventually(t, 4*time.Minute, func() string { return "all delivered; the agent says: " + a.Log() }, func() bool {
		m := rig.Metrics(t, cfg.Admin)
		return m[`sluice_output_pending_documents{output="lumberjack.logstash"}`] == 0 && m[`sluice_output_pending_documents{output="file.archive"}`] == 0 &&
			distinct(t, s) == lines
	})
	a.Stop(t)
	repeats := compare(t, s, archive, starts)
	t.Logf("%d lines, the agent killed %d times: 0 lost, %d sent again under the same id", lines, kills, repeats)
}

// distinct is the number of ids that a server has received.
func distinct(t *testing.T, s *logstash) int {
	ids := map[string]bool{}
	s.received(t, func(doc []byte) {
		id, _ := apart(t, doc)
		ids[id] = true
	})
	return len(ids)
}

// compare reads back what the server received, and compares it by id with the
// lines, and one by one with the archive. It returns how many came again.
func compare(t *testing.T, s *logstash, archive string, starts map[int64]int) (repeats int) {
	t.Helper()
	byID := map[string]string{}
	s.received(t, func(doc []byte) {
		id, bare := apart(t, doc)
		if before, ok := byID[id]; ok {
			repeats++
			if before != bare {
				t.Errorf("id %s has two documents:\n%.300s\n%.300s", id, before, bare)
			}
		}
		byID[id] = bare
	})
	lines := map[int]bool{}
	var got []string
	for id, doc := range byID {
		parts := strings.Split(id, "-")
		pos, err := strconv.ParseInt(parts[len(parts)-2], 10, 64)
		k, known := starts[pos]
		if err != nil || !known || lines[k] {
			t.Fatalf("id %s is that of no line, or of one that has another: %v", id, err)
		}
		lines[k] = true
		if !strings.Contains(strings.ReplaceAll(doc, `\"`, `"`), fmt.Sprintf(`"seq":%d`, k)) {
			t.Errorf("id %s is that of line %d, and the document is %.300s", id, k, doc)
		}
		got = append(got, doc)
	}
	if len(got) != len(starts) {
		t.Fatalf("%d documents, want %d", len(got), len(starts))
	}
	want := readArchive(t, archive)
	slices.Sort(got)
	slices.Sort(want)
	want = slices.Compact(want) // the archive knows no ids, and has what a killed agent sent again
	if !slices.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("the first that differs from the archive (%d and %d documents):\n%.1000s\nwant:\n%.1000s", len(got), len(want), got[i], want[i])
			}
		}
		t.Fatalf("%d documents, the archive has %d", len(got), len(want))
	}
	return repeats
}

// apart returns a document's id, as its receiver reads it, and the document
// without @metadata.
func apart(t *testing.T, doc []byte) (id, bare string) {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(doc, &all); err != nil {
		t.Fatalf("%.300s: %v", doc, err)
	}
	meta, _ := all["@metadata"].(map[string]any)
	id, _ = meta["_id"].(string)
	if meta["beat"] != "sluice" || meta["type"] != "_doc" || len(meta) != 4 {
		t.Fatalf("@metadata is %v", meta)
	}
	i := bytes.LastIndex(doc, []byte(`,"@metadata":{"beat":`))
	return id, string(doc[:i]) + "}"
}

// readArchive returns the documents of all files of an archive.
func readArchive(t *testing.T, dir string) (docs []string) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*/*.ndjson.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		scan := bufio.NewScanner(z)
		scan.Buffer(nil, 16<<20)
		for scan.Scan() {
			docs = append(docs, scan.Text())
		}
		if err := scan.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return docs
}

func TestOneOfTwoServersIsEnough(t *testing.T) {
	const lines = 5000
	one, two := newLogstash(t), newLogstash(t)
	cfg := rig.Config{
		Dir: t.TempDir(), Admin: rig.FreeAddress(t), Input: []string{`max_line_size = "4MiB"`},
		Outputs: []string{output(fmt.Sprintf("endpoints = [%q, %q]", one.address, two.address)), archiveTo(t.TempDir())},
	}
	config := cfg.Write(t)
	writeLines(t, filepath.Join(cfg.Logs(), "app.log"), lines)
	a := started(t, config, cfg.Admin)
	rig.Eventually(t, time.Minute, func() string { return "the first server receives" }, func() bool { return one.size() > 0 })
	one.kill()
	delivered(t, a, cfg.Admin, lines)
	a.Stop(t)
	ids := map[string]bool{}
	for _, s := range []*logstash{one, two} {
		s.received(t, func(doc []byte) {
			id, _ := apart(t, doc)
			ids[id] = true
		})
	}
	if len(ids) != lines {
		t.Errorf("%d ids over both servers, want %d", len(ids), lines)
	}
}
