//go:build integration

package splunk

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
	"github.com/renthub/sluice/outputs/splunk"
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(rig.Main(m))
}

// long says whether the long forms run: LONG=1.
func long() bool { return os.Getenv("LONG") != "" }

// open opens a splunk output in this process.
func open(t testing.TB, endpoint string, change func(*splunk.Config)) outputs.Output {
	t.Helper()
	c := splunk.Type.Config().(*splunk.Config)
	c.Endpoints, c.Token = endpoints.At(endpoint), config.NewSecret("any")
	if change != nil {
		change(c)
	}
	o, err := splunk.Type.Open(c, outputtest.Deps(t.(*testing.T)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

// send sends documents in requests as the pipeline would make them.
func send(t testing.TB, o outputs.Output, docs []event.Doc) (requests int) {
	t.Helper()
	limit := o.Limits().Bytes
	for len(docs) > 0 {
		n, size := 0, 0
		for n < len(docs) && (n == 0 || size+len(docs[n].JSON)+1000 <= limit) {
			size += len(docs[n].JSON) + 1000
			n++
		}
		if err := o.Send(t.Context(), outputtest.Request(t, o, docs[:n])); err != nil {
			t.Fatalf("send: %v", err)
		}
		docs = docs[n:]
		requests++
	}
	return requests
}

// Every document is read back and compared, value by value, under its id.
func TestDocumentsAreReadBack(t *testing.T) {
	n := 20_000
	if long() {
		n = 100_000
	}
	v := realserver.StartVictoriaLogs(t)
	docs := documents(n)
	o := open(t, v.Intake(), nil)
	start := time.Now()
	requests := send(t, o, docs)
	t.Logf("%d documents in %d requests, %v", n, requests, time.Since(start).Round(time.Millisecond))
	kept := n
	for i := range docs {
		if !isKept(t, &docs[i]) {
			kept--
		}
	}
	for deadline := time.Now().Add(20 * time.Second); v.Count(t) < kept && time.Now().Before(deadline); {
		rig.Pause(100 * time.Millisecond)
	}

	byID := map[string]*event.Doc{}
	for i := range docs {
		byID[idOf(docs[i].ID)] = &docs[i]
	}
	seen := map[string]int{}
	wrong := 0
	v.Query(t, "*", func(f map[string]string) {
		id := f["fields.sluice_id"]
		d := byID[id]
		if d == nil {
			t.Fatalf("a document with id %q was never sent: %v", id, f)
		}
		seen[id]++
		if diff := compare(t, d, f); diff != "" && wrong < 10 {
			wrong++
			t.Errorf("%s: %s", id, diff)
		}
	})
	for id, d := range byID {
		if isKept(t, d) && seen[id] != 1 {
			t.Errorf("document %s of %d bytes is there %d times: %.200s", id, len(d.JSON), seen[id], d.JSON)
		}
	}
	if t.Failed() {
		t.Logf("VictoriaLogs says:\n%s", v.Log())
	}
	t.Logf("%d documents compared; %d with more fields than VictoriaLogs keeps", len(seen), n-kept)
}

func isKept(t testing.TB, d *event.Doc) bool {
	return len(d.JSON) < 20<<10 || len(wanted(t, d)) < mostFields
}

// idOf is an id as outputs write it.
func idOf(id event.ID) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var b strings.Builder
	for shift := 58; shift >= 4; shift -= 6 {
		b.WriteByte(digits[id.Source>>shift&63])
	}
	b.WriteByte(digits[id.Source<<2&63])
	fmt.Fprintf(&b, "-%d-%d", id.Pos, id.Size)
	return b.String()
}

// compare says in what a row is not its document.
func compare(t testing.TB, d *event.Doc, row map[string]string) string {
	t.Helper()
	got := maps.Clone(row)
	at, err := time.Parse(time.RFC3339Nano, got["_time"])
	if err != nil || at.UnixMilli() != d.Time {
		return fmt.Sprintf("time %s, want %d ms", got["_time"], d.Time)
	}
	for k := range row {
		if strings.HasPrefix(k, "_stream") || k == "_time" || strings.HasPrefix(k, "fields.") || slices.Contains([]string{"host", "source", "sourcetype"}, k) {
			delete(got, k)
		}
	}
	want := wanted(t, d)
	for meta, of := range map[string]string{"host": "event.host.name", "source": "event.log.file.path", "fields.service.name": "event.service.name"} {
		if row[meta] != want[of] {
			return fmt.Sprintf("%s is %q, want %q", meta, row[meta], want[of])
		}
	}
	if want["_msg"] == "" {
		delete(got, "_msg") // it says that there is none
	}
	for k, w := range want {
		if got[k] != w {
			return fmt.Sprintf("%s is %.200q, want %.200q", k, got[k], w)
		}
		delete(got, k)
	}
	if len(got) > 0 {
		return fmt.Sprintf("besides, there is %.300v", got)
	}
	return ""
}
