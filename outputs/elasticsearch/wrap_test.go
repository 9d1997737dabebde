package elasticsearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// openOffline opens an output that will send nothing.
func openOffline(t testing.TB, change func(*Config)) *Output {
	t.Helper()
	c := defaults()
	c.Endpoints = endpoints.At("127.0.0.1:1")
	if change != nil {
		change(&c)
	}
	d := outputs.Deps{Name: "test.main", Logger: discard, Now: time.Now, Classes: outputtest.Classes()}
	o, err := open(c, d)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return o.(*Output)
}

func mustTemplate(t testing.TB, text string) *expr.Template {
	t.Helper()
	template, err := parseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func doc(service, class string) event.Doc {
	quoted, _ := json.Marshal(service) // a string always is
	return event.Doc{
		JSON:      fmt.Appendf(nil, `{"@timestamp":"2026-11-24T10:00:00Z","service.name":%s}`, quoted),
		ID:        event.ID{Source: 0xfedcba9876543210, Pos: 1048576, Size: 575},
		Retention: class,
	}
}

// The id is part of what is stored: if its form changes, what is in flight at
// an upgrade is stored twice.
func TestIDsHaveAFixedForm(t *testing.T) {
	tests := []struct {
		id   event.ID
		want string
	}{
		{event.ID{}, "AAAAAAAAAAA-0-0"},
		{event.ID{Source: 1, Pos: 2, Size: 3}, "AAAAAAAAAAE-2-3"},
		{event.ID{Source: 0xffffffffffffffff, Pos: 1<<63 - 1, Size: 1<<32 - 1, Sub: 1<<16 - 1}, "__________8-9223372036854775807-4294967295.65535"},
		{event.ID{Source: 0x0123456789abcdef, Pos: 700, Size: 100, Sub: 1}, "ASNFZ4mrze8-700-100.1"},
	}
	for _, tt := range tests {
		if got := tt.id.String(); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.id, got, tt.want)
		}
	}
}

func TestWrappedDocuments(t *testing.T) {
	d := doc("bookings", "audit")
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"by default", nil, `{"create":{"_index":"logs-bookings-audit","_id":"_ty6mHZUMhA-1048576-575"}}`},
		{"with a prefix", func(c *Config) { c.Prefix = "rh-logs" }, `{"create":{"_index":"rh-logs-bookings-audit","_id":"_ty6mHZUMhA-1048576-575"}}`},
		{"without ids", func(c *Config) { c.DocumentID = false }, `{"create":{"_index":"logs-bookings-audit"}}`},
		{"with a name of its own", func(c *Config) { c.DataStream = mustTemplate(t, "app-${retention.class}") }, `{"create":{"_index":"app-audit","_id":"_ty6mHZUMhA-1048576-575"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, at, err := openOffline(t, tt.change).Wrap(nil, &d)
			if err != nil {
				t.Fatal(err)
			}
			if want := tt.want + "\n" + string(d.JSON) + "\n"; string(got) != want || at != len(tt.want)+1 {
				t.Errorf("got %q at %d, want %q at %d", got, at, want, len(tt.want)+1)
			}
		})
	}
}

func TestAConstantStreamStandsInTheURL(t *testing.T) {
	d := outputtest.Deps(t)
	d.Classes = d.Classes[:1]
	b := openBench(t, d, func(c *Config, s *essim.Options) {
		c.DataStream, s.Templates = expr.Literal("app-all"), []string{"app-*"}
	})
	docs := outputtest.Docs(3)
	if err := b.Send(t.Context(), outputtest.Request(t, b.Output, docs)); err != nil {
		t.Fatalf("send: %v", err)
	}
	if got := len(b.streams["app-all"]); got != 3 {
		t.Errorf("got %d documents in app-all of %v, want 3", got, b.streams)
	}
	got, _, err := b.Wrap(nil, &docs[0])
	if want := `{"create":{"_id":"`; err != nil || !strings.HasPrefix(string(got), want) {
		t.Errorf("got %q, %v, want no index in the line", got, err)
	}
}

func TestNamesAreConfined(t *testing.T) {
	tests := []struct{ service, want string }{
		{"", "logs-generic-audit"},
		{"Bookings", "logs-bookings-audit"},
		{"etc/passwd", "logs-etc_passwd-audit"},
		{"a-b", "logs-a_b-audit"},
		{"x-debug", "logs-x_debug-audit"}, // cannot choose another class's lifecycle
		{"a b\"c\\d<e>f|g,h#i:j*k?l/m", "logs-a_b_c_d_e_f_g_h_i_j_k_l_m-audit"},
		{"a\nb\x00c", "logs-a_b_c-audit"},
		{"é", "logs-__-audit"},
		{`"}}` + "\n" + `{"delete":{"_index":"x`, "logs-______delete_____index___x-audit"},
		{strings.Repeat("a", 65536), "logs-" + strings.Repeat("a", maxValue) + "-audit"},
		{"_x", "logs-_x-audit"},
	}
	o := openOffline(t, nil)
	for _, tt := range tests {
		d := doc(tt.service, "audit")
		got := streamOf(t, o, &d)
		if got != tt.want {
			t.Errorf("service %.40q: got %s, want %s", tt.service, got, tt.want)
		}
	}
}

// streamOf reads the stream from a wrapped document's action line.
func streamOf(t testing.TB, o *Output, d *event.Doc) string {
	t.Helper()
	got, at, err := o.Wrap(nil, d)
	if err != nil {
		t.Fatalf("wrap: %v", err)
	}
	var line struct {
		Create struct {
			Index string `json:"_index"`
		} `json:"create"`
	}
	if err := json.Unmarshal(got[:at], &line); err != nil {
		t.Fatalf("action line %q: %v", got[:at], err)
	}
	return line.Create.Index
}

// Without the lengths in its key the second would go where the first went.
func TestValuesThatLookLikeTwoAreKeptApart(t *testing.T) {
	o := openOffline(t, func(c *Config) {
		c.DataStream = mustTemplate(t, "x-${host.name}-${service.name}-${retention.class}")
	})
	row := func(host, service string) string {
		batch := event.NewBatch(&event.Source{ID: 7})
		batch.AddLine([]byte("line"), 0, 5)
		batch.Set(0, "host.name", event.String, batch.StoreString(host))
		batch.Set(0, "service.name", event.String, batch.StoreString(service))
		view := &event.View{Batch: batch, Classes: []string{"audit"}}
		var d event.Doc
		view.Doc(&d, []byte("{}"))
		return streamOf(t, o, &d)
	}
	kind := string(rune(event.String))
	if got, want := row("a", "b\x00"+kind+"c"), "x-a-b__c-audit"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := row("a\x00"+kind+"b", "c"), "x-a__b-c-audit"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzNames(f *testing.F) {
	f.Add("a\"b\\", "audit")
	f.Add("\xff\xfe-", "x-y")
	o := openOffline(f, nil)
	f.Fuzz(func(t *testing.T, service, class string) {
		d := doc(service, class)
		got, at, err := o.Wrap(nil, &d)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(got, []byte("\n")) != 2 || got[at-1] != '\n' || got[len(got)-1] != '\n' {
			t.Errorf("got %q, want two lines", got)
		}
		name := streamOf(t, o, &d)
		parts := strings.Split(name, "-")
		if len(parts) != 3 || parts[0] != "logs" || len(name) > maxName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			t.Errorf("got stream %q, want three confined parts", name)
		}
	})
}

func TestFurtherStreamsAreGeneric(t *testing.T) {
	o := openOffline(t, func(c *Config) { c.MaxStreams = 3 })
	for i, want := range []string{"logs-s0-audit", "logs-s1-audit", "logs-s2-audit", "logs-generic-audit", "logs-generic-audit"} {
		d := doc(fmt.Sprintf("s%d", i), "audit")
		if got := streamOf(t, o, &d); got != want {
			t.Errorf("service %d: got %s, want %s", i, got, want)
		}
	}
	known := doc("s1", "audit")
	if got := streamOf(t, o, &known); got != "logs-s1-audit" {
		t.Errorf("a known service: got %s, want its stream", got)
	}
	if got := value(t, o.metrics.overflow); got != 2 {
		t.Errorf("overflow: got %v, want 2", got)
	}
}

// value reads a counter.
func value(t testing.TB, c prometheus.Counter) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families[0].GetMetric()[0].GetCounter().GetValue()
}

func TestADocumentWithALineEndIsRefused(t *testing.T) {
	o := openOffline(t, nil)
	d := event.Doc{JSON: []byte("{\"a\":1\n}\n{\"delete\":{\"_index\":\"x\",\"_id\":\"1\"}}")}
	before := []byte("before")
	got, _, err := o.Wrap(before, &d)
	if err == nil || string(got) != "before" {
		t.Errorf("got %q, %v, want an error and nothing appended", got, err)
	}
}

func TestWrappingChangesWithWhatWrapReads(t *testing.T) {
	base := openOffline(t, nil).Wrapping()
	for name, change := range map[string]func(*Config){
		"prefix":      func(c *Config) { c.Prefix = "other" },
		"document_id": func(c *Config) { c.DocumentID = false },
		"data_stream": func(c *Config) { c.DataStream = mustTemplate(t, "logs-${host.name}-${retention.class}") },
		"max_streams": func(c *Config) { c.MaxStreams = 7 },
	} {
		if openOffline(t, change).Wrapping() == base {
			t.Errorf("%s: the hash is the same", name)
		}
	}
	for name, change := range map[string]func(*Config){
		"the same":    nil,
		"another way": func(c *Config) { c.DataStream = mustTemplate(t, "logs-${service.name}-${retention.class}") },
		"timeout":     func(c *Config) { c.Timeout *= 2 },
	} {
		if openOffline(t, change).Wrapping() != base {
			t.Errorf("%s: the hash is another", name)
		}
	}
}

func TestWrapDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	o := openOffline(t, func(c *Config) { c.MaxStreams = 2 })
	docs := outputtest.Docs(2) // two services, and two classes
	buf := make([]byte, 0, 1<<12)
	for i := range docs {
		buf, _, _ = o.Wrap(buf[:0], &docs[i])
	}
	got := testing.AllocsPerRun(1000, func() {
		buf, _, _ = o.Wrap(buf[:0], &docs[0])
		buf, _, _ = o.Wrap(buf, &docs[1])
	})
	if got > 0 {
		t.Errorf("got %v allocations for two documents, want 0", got)
	}
	beyond := doc("new", "audit")
	buf, _, _ = o.Wrap(buf[:0], &beyond)
	if got := testing.AllocsPerRun(1000, func() { buf, _, _ = o.Wrap(buf[:0], &beyond) }); got > 0 {
		t.Errorf("beyond the limit: got %v allocations, want 0", got)
	}
}

// A row has its values as text, a document as JSON: both must give one name.
func TestARowAndItsDocumentHaveOneStream(t *testing.T) {
	classes := []string{"audit", "standard"}
	for _, service := range []string{"plain", `quo"ted`, `back\slash`, "tab\there", "日本", "<html>"} {
		src := &event.Source{ID: 7, Name: "test"}
		batch := event.NewBatch(src)
		batch.AddLine([]byte("line"), 0, 5)
		batch.Set(0, "service.name", event.String, batch.StoreString(service))
		view := &event.View{Batch: batch, Classes: classes}
		text := batch.AppendDocument(nil, 0, classes)
		var row event.Doc
		view.Doc(&row, text)
		later := event.Doc{JSON: text, ID: row.ID, Retention: row.Retention}
		o, fresh := openOffline(t, nil), openOffline(t, nil)
		if got, want := streamOf(t, fresh, &later), streamOf(t, o, &row); got != want {
			t.Errorf("service %q: stream %s from the document, %s from the row", service, got, want)
		}
	}
}

func BenchmarkWrap(b *testing.B) {
	line := outputtest.Docs(1)[0]
	classes := []string{"audit"}
	src := &event.Source{ID: 7, Name: "test", Constants: []event.Constant{{Key: "host.name", Value: "web-1"}, {Key: "log.file.path", Value: "/var/log/a.log"}, {Key: "service.name", Value: "bookings"}}}
	batch := event.NewBatch(src)
	batch.AddLine(line.JSON, 0, len(line.JSON))
	for _, key := range []string{"message", "log.level", "url.path", "http.response.status_code"} {
		batch.Set(0, key, event.String, batch.StoreString("a value"))
	}
	view := &event.View{Batch: batch, Classes: classes}
	var row event.Doc
	view.Doc(&row, batch.AppendDocument(nil, 0, classes))
	for name, d := range map[string]*event.Doc{"row": &row, "document": &line} {
		b.Run(name, func(b *testing.B) {
			o := openOffline(b, nil)
			buf := make([]byte, 0, 1<<12)
			b.ReportAllocs()
			b.SetBytes(int64(len(d.JSON)))
			for b.Loop() {
				buf, _, _ = o.Wrap(buf[:0], d)
			}
		})
	}
}
