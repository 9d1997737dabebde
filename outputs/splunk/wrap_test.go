package splunk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs/outputtest"
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

// row is a document as it stands before it is wrapped, and as it is read from a
// block later.
func row(t testing.TB, class string, fields map[string]string) (fresh, later event.Doc) {
	t.Helper()
	src := &event.Source{ID: 7, Name: "test", Constants: []event.Constant{
		{Key: "host.name", Value: "web-1"}, {Key: "log.file.path", Value: "/var/log/a.log", Ours: true},
	}}
	batch := event.NewBatch(src)
	batch.AddLine([]byte("line"), 0, 5)
	for k, v := range fields {
		batch.Set(0, k, event.String, batch.StoreString(v))
	}
	classes := []string{class}
	view := &event.View{Batch: batch, Classes: classes}
	batch.ReadAt = 1791048401679 * 1e6
	text := batch.AppendDocument(nil, 0, classes)
	view.Doc(&fresh, text)
	later = event.Doc{JSON: text, ID: fresh.ID, Time: fresh.Time, Retention: class}
	return fresh, later
}

// sent is an envelope as a strict reader has it.
type sent struct {
	Sourcetype, Index, Host, Source string
	Time                            json.Number
	Fields                          map[string]string
	Event                           json.RawMessage
}

func wrapped(t testing.TB, o *Output, d *event.Doc) (text string, e sent) {
	t.Helper()
	got, at, err := o.Wrap(nil, d)
	if err != nil {
		t.Fatalf("wrap: %v", err)
	}
	if !bytes.HasPrefix(got[at:], d.JSON) {
		t.Fatalf("wrapped %q: no document at %d", got, at)
	}
	decoder := json.NewDecoder(bytes.NewReader(got))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		t.Fatalf("envelope %q: %v", got, err)
	}
	return string(got), e
}

func TestAnEnvelope(t *testing.T) {
	d, _ := row(t, "audit", map[string]string{"service.name": "bookings"})
	const doc = `{"@timestamp":"2026-10-03T17:26:41.679Z","service.name":"bookings","message":"line","host.name":"web-1","log.file.path":"/var/log/a.log","labels.retention":"audit"}`
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"by default": {nil,
			`{"sourcetype":"_json","host":"web-1","source":"/var/log/a.log","fields":{"service.name":"bookings","sluice_id":"AAAAAAAAAAc-0-5"},"time":1791048401.679,"event":` + doc + "}\n"},
		"with an index": {func(c *Config) { c.Index = template(t, "rh_${retention.class}") },
			`{"sourcetype":"_json","index":"rh_audit","host":"web-1","source":"/var/log/a.log","fields":{"service.name":"bookings","sluice_id":"AAAAAAAAAAc-0-5"},"time":1791048401.679,"event":` + doc + "}\n"},
		"with a map of indexes": {func(c *Config) { c.Indexes = map[string]string{"audit": "evidence"} },
			`{"sourcetype":"_json","index":"evidence","host":"web-1","source":"/var/log/a.log","fields":{"service.name":"bookings","sluice_id":"AAAAAAAAAAc-0-5"},"time":1791048401.679,"event":` + doc + "}\n"},
		"with next to nothing": {func(c *Config) {
			c.Fields, c.DocumentID, c.Host, c.Source, c.Sourcetype = nil, false, "", "", expr.Literal("")
		}, `{"time":1791048401.679,"event":` + doc + "}\n"},
		"with a sourcetype of the event": {func(c *Config) {
			c.Sourcetype, c.Fields, c.DocumentID = template(t, "kube:container:${service.name}"), nil, false
		}, `{"sourcetype":"kube:container:bookings","host":"web-1","source":"/var/log/a.log","time":1791048401.679,"event":` + doc + "}\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := wrapped(t, openOffline(t, tt.change), &d)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("envelope (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTimeIsAPlainDecimal(t *testing.T) {
	tests := []struct {
		ms   int64
		want string
	}{
		{0, "0.000"}, {1, "0.001"}, {1791048401679, "1791048401.679"}, {1791048401070, "1791048401.070"},
		{100000000000000, "100000000000.000"}, {maxTime, "253402300799.999"},
		{-1, ""}, {maxTime + 1, ""}, {1<<63 - 1, ""}, {-1 << 63, ""},
	}
	o := openOffline(t, nil)
	for _, tt := range tests {
		_, e := wrapped(t, o, &event.Doc{JSON: []byte(`{}`), Time: tt.ms})
		if string(e.Time) != tt.want {
			t.Errorf("%d ms: got %q, want %q", tt.ms, e.Time, tt.want)
		}
	}
}

// fields must be flat strings, or Splunk refuses the document (code 15).
func TestFieldsAreFlat(t *testing.T) {
	d := event.Doc{JSON: []byte(`{"a":"text \"q\" \u00e9","b":12.5,"c":true,"d":null,"e":{"x":"y"},"f":["z"],"g":"","n":{"x":"nested"},"long":"` + strings.Repeat("x", maxMeta+1) + `"}`)}
	o := openOffline(t, func(c *Config) {
		c.Fields, c.DocumentID = []string{"a", "b", "c", "d", "e", "f", "g", "n.x", "long", "absent"}, false
	})
	_, e := wrapped(t, o, &d)
	want := map[string]string{"a": `text "q" é`, "b": "12.5", "c": "true", "n.x": "nested"}
	if diff := cmp.Diff(want, e.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestNamesAreConfined(t *testing.T) {
	tests := []struct{ service, want string }{
		{"", "rh-other-audit"},
		{"Bookings", "rh-bookings-audit"},
		{"etc/passwd", "rh-etc_passwd-audit"},
		{"a-b", "rh-a_b-audit"},
		{"x-debug", "rh-x_debug-audit"},
		{`","event":"forged`, "rh-___event___forged-audit"},
		{"a\nb\x00c", "rh-a_b_c-audit"},
		{strings.Repeat("a", 65536), "rh-" + strings.Repeat("a", maxValue) + "-audit"},
	}
	o := openOffline(t, func(c *Config) { c.Index = template(t, "rh-${service.name}-${retention.class}") })
	for _, tt := range tests {
		fresh, later := row(t, "audit", map[string]string{"service.name": tt.service})
		for _, d := range []*event.Doc{&fresh, &later} {
			if _, e := wrapped(t, o, d); e.Index != tt.want {
				t.Errorf("service %.40q: got %s, want %s", tt.service, e.Index, tt.want)
			}
		}
	}
}

// The class of an event is that of its index row, whatever its line says.
func TestALineCannotChooseItsClass(t *testing.T) {
	d := event.Doc{JSON: []byte(`{"labels.retention":"debug","labels":{"retention":"debug"}}`), Retention: "audit"}
	for _, text := range []string{"rh_${retention.class}", "rh_${lower(retention.class)}_${service.name}"} {
		o := openOffline(t, func(c *Config) { c.Index = template(t, text) })
		if _, e := wrapped(t, o, &d); !strings.HasPrefix(e.Index, "rh_audit") {
			t.Errorf("%s: got index %s, want that of class audit", text, e.Index)
		}
	}
}

func TestTheNumberOfNamesIsBounded(t *testing.T) {
	o := openOffline(t, func(c *Config) { c.MaxNames, c.Index = 3, template(t, "rh-${service.name}-${retention.class}") })
	for i, want := range []string{"rh-s0-audit", "rh-s1-audit", "rh-s2-audit", "rh-other-audit", "rh-other-audit", "rh-other-audit"} {
		d, _ := row(t, "audit", map[string]string{"service.name": fmt.Sprintf("s%d", i)})
		if _, e := wrapped(t, o, &d); e.Index != want {
			t.Errorf("service %d: got %s, want %s", i, e.Index, want)
		}
		if got := string(o.Partition(nil, &d)); got != want {
			t.Errorf("service %d: got target %s, want %s", i, got, want)
		}
	}
	if got := value(t, o.metrics.overflow); got != 3 {
		t.Errorf("overflow: got %v, want 3", got)
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

// A row has its values as text, a document as JSON: both must give one envelope,
// or a resend from the buffer would differ from what was sent at first.
func TestARowAndItsDocumentAreWrappedAlike(t *testing.T) {
	for _, value := range []string{"plain", `quo"ted`, `back\slash`, "tab\there", "日本", "<html>", "\x00\x01", "", strings.Repeat("x", maxMeta), strings.Repeat("\n", maxMeta/2+1)} {
		fresh, later := row(t, "standard", map[string]string{"service.name": value, "host.name": value, "kubernetes.pod.name": value})
		change := func(c *Config) {
			c.Index, c.Sourcetype = template(t, "x-${service.name}-${retention.class}"), template(t, "s:${host.name}")
		}
		first, _ := wrapped(t, openOffline(t, change), &fresh)
		second, _ := wrapped(t, openOffline(t, change), &later)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("value %.40q: (-row +document)\n%s", value, diff)
		}
	}
}

func TestWrappingChangesWithWhatWrapReads(t *testing.T) {
	base := openOffline(t, nil).Wrapping()
	for name, change := range map[string]func(*Config){
		"index":       func(c *Config) { c.Index = template(t, "rh_${retention.class}") },
		"indexes":     func(c *Config) { c.Indexes = map[string]string{"audit": "a"} },
		"sourcetype":  func(c *Config) { c.Sourcetype = expr.Literal("x") },
		"source":      func(c *Config) { c.Source = "x" },
		"host":        func(c *Config) { c.Host = "x" },
		"fields":      func(c *Config) { c.Fields = c.Fields[1:] },
		"document_id": func(c *Config) { c.DocumentID = false },
		"max_names":   func(c *Config) { c.MaxNames = 7 },
	} {
		if openOffline(t, change).Wrapping() == base {
			t.Errorf("%s: the hash is the same", name)
		}
	}
	for name, change := range map[string]func(*Config){
		"the same":    nil,
		"another way": func(c *Config) { c.Sourcetype = template(t, "_json") },
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
	for name, change := range map[string]func(*Config){
		"by default":              nil,
		"by class":                func(c *Config) { c.Index = template(t, "rh_${retention.class}") },
		"by service, and limited": func(c *Config) { c.MaxNames, c.Index = 1, template(t, "rh-${service.name}-${retention.class}") },
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffline(t, change)
			docs := outputtest.Docs(2)
			fresh, _ := row(t, "audit", map[string]string{"service.name": "bookings"})
			docs = append(docs, fresh)
			buf := make([]byte, 0, 1<<13)
			all := func() {
				buf = buf[:0]
				for i := range docs {
					buf, _, _ = o.Wrap(buf, &docs[i])
				}
			}
			all()
			if got := testing.AllocsPerRun(1000, all); got > 0 {
				t.Errorf("got %v allocations for three documents, want 0", got)
			}
			if got := testing.AllocsPerRun(1000, func() { buf = o.Partition(buf[:0], &docs[2]) }); got > 0 {
				t.Errorf("got %v allocations for a target, want 0", got)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("a\"b\\", "audit", "h", int64(1))
	f.Add("\xff\xfe-", "x-y", "", int64(-1))
	o := openOffline(f, func(c *Config) {
		c.Index, c.Sourcetype = template(f, "rh-${service.name}-${retention.class}"), template(f, "k:${host.name}")
	})
	f.Fuzz(func(t *testing.T, service, class, host string, ms int64) {
		quoted, _ := json.Marshal(map[string]string{"service.name": service, "host.name": host, "log.file.path": service}) // strings always are
		d := event.Doc{JSON: quoted, Time: ms, Retention: class}
		_, e := wrapped(t, o, &d)
		if err := checkIndex(e.Index); err != nil && !strings.Contains(e.Index, "kvstore") {
			t.Errorf("index: %v", err)
		}
		if strings.Count(e.Index, "-") > 2 || !bytes.Equal(e.Event, quoted) {
			t.Errorf("got %+v of %s", e, quoted)
		}
	})
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
	var fresh event.Doc
	view.Doc(&fresh, batch.AppendDocument(nil, 0, classes))
	for name, d := range map[string]*event.Doc{"row": &fresh, "document": &line} {
		for kind, change := range map[string]func(*Config){
			"default": nil,
			"class":   func(c *Config) { c.Index = template(b, "rh_${retention.class}") },
			"service": func(c *Config) { c.Index = template(b, "rh-${service.name}-${retention.class}") },
			"bare":    func(c *Config) { c.Fields, c.DocumentID = nil, false },
		} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				o := openOffline(b, change)
				buf := make([]byte, 0, 1<<12)
				b.ReportAllocs()
				b.SetBytes(int64(len(d.JSON)))
				for b.Loop() {
					buf, _, _ = o.Wrap(buf[:0], d)
				}
			})
		}
	}
}
