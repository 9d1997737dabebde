package cloudwatch

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/outputs/outputtest"
)

func mustTemplate(t testing.TB, text string) *expr.Template {
	t.Helper()
	template, err := parseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func doc(service, host, class string) event.Doc {
	return event.Doc{
		JSON:      fmt.Appendf(nil, `{"@timestamp":"2026-11-24T10:00:00Z","service.name":%s,"host.name":%s}`, quoted(service), quoted(host)),
		ID:        event.ID{Source: 0xfedcba9876543210, Pos: 1048576, Size: 575},
		Retention: class,
	}
}

func partition(o *Output, d event.Doc) string { return string(o.Partition(nil, &d)) }

func TestNamesAreConfined(t *testing.T) {
	tests := []struct{ service, host, want string }{
		{"bookings", "web-1", "/sluice/bookings/audit:web-1"},
		{"Bookings", "ip-10-0-0-1.ec2.internal", "/sluice/Bookings/audit:ip-10-0-0-1.ec2.internal"},
		{"", "", "/sluice/generic/audit:generic"},
		{"x/debug", "a:b*c", "/sluice/x_debug/audit:a_b_c"}, // cannot choose another class's group
		{"../etc", "..", "/sluice/_._etc/audit:_."},
		{"é#", "a b\nc\x00", "/sluice/___/audit:a_b_c_"},
		{`a"b\\c`, "{}", "/sluice/a_b__c/audit:__"},
		{strings.Repeat("a", 65536), "h", "/sluice/" + strings.Repeat("a", maxValue) + "/audit:h"},
	}
	o := openOffline(t, nil)
	for _, tt := range tests {
		if got := partition(o, doc(tt.service, tt.host, "audit")); got != tt.want {
			t.Errorf("%.40q, %q: got %s, want %s", tt.service, tt.host, got, tt.want)
		}
	}
}

func TestAnEventCannotForgeItsClass(t *testing.T) {
	o := openOffline(t, nil)
	d := event.Doc{JSON: []byte(`{"labels.retention":"debug","labels":{"retention":"debug"},"service.name":"auth"}`), Retention: "audit"}
	if got, want := partition(o, d), "/sluice/auth/audit:generic"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNamesByTemplate(t *testing.T) {
	tests := []struct{ group, stream, want string }{
		{"/rh/${retention.class}", "${service.name}/${host.name}", "/rh/audit:bookings/web-1"},
		{"app-${retention.class}", "all", "app-audit:all"},
		{"/rh/${upper(service.name)}/${retention.class}", "${coalesce(missing, host.name)}", "/rh/BOOKINGS/audit:web-1"},
	}
	for _, tt := range tests {
		o := openOffline(t, func(c *Config) { c.LogGroup, c.LogStream = mustTemplate(t, tt.group), mustTemplate(t, tt.stream) })
		if got := partition(o, doc("bookings", "web-1", "audit")); got != tt.want {
			t.Errorf("%s, %s: got %s, want %s", tt.group, tt.stream, got, tt.want)
		}
	}
	o := openOffline(t, func(c *Config) { c.Prefix = "/renthub" })
	if got, want := partition(o, doc("auth", "n1", "debug")), "/renthub/auth/debug:n1"; got != want {
		t.Errorf("with a prefix: got %s, want %s", got, want)
	}
}

func TestFurtherStreamsAreGeneric(t *testing.T) {
	o := openOffline(t, func(c *Config) { c.MaxStreams = 3 })
	for i, want := range []string{"/sluice/s0/audit:h", "/sluice/s1/audit:h", "/sluice/s2/audit:h", "/sluice/generic/audit:generic", "/sluice/generic/audit:generic"} {
		if got := partition(o, doc(fmt.Sprintf("s%d", i), "h", "audit")); got != want {
			t.Errorf("service %d: got %s, want %s", i, got, want)
		}
	}
	if got := partition(o, doc("s1", "h", "audit")); got != "/sluice/s1/audit:h" {
		t.Errorf("a known service: got %s, want its stream", got)
	}
	for i := range 10000 { // events choose the values: what is remembered of them is bounded
		partition(o, doc(fmt.Sprintf("x%d", i), "h", "audit"))
	}
	if got := len(*o.targets.known.Load()); got > keysForName*3 {
		t.Errorf("%d keys are remembered, want at most %d", got, keysForName*3)
	}
}

// Without the lengths in its key the second would go where the first went.
func TestValuesThatLookLikeTwoAreKeptApart(t *testing.T) {
	o := openOffline(t, nil)
	row := func(service, host string) string {
		batch := event.NewBatch(&event.Source{ID: 7})
		batch.AddLine([]byte("line"), 0, 5)
		batch.Set(0, "service.name", event.String, batch.StoreString(service))
		batch.Set(0, "host.name", event.String, batch.StoreString(host))
		view := &event.View{Batch: batch, Classes: []string{"audit"}}
		var d event.Doc
		view.Doc(&d, []byte("{}"))
		return partition(o, d)
	}
	between := "audit\x00" + string(rune(event.String)) + "\x00\x00"
	if got, want := row("a", "b"+between+"c"), "/sluice/a/audit:baudit____c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := row("a"+between+"b", "c"), "/sluice/aaudit____b/audit:c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPartitionDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	o := openOffline(t, func(c *Config) { c.MaxStreams = 2 })
	docs := outputtest.Docs(3) // the third is one too many
	buf := make([]byte, 0, 1<<12)
	all := func() {
		for i := range docs {
			buf = o.Partition(buf[:0], &docs[i])
		}
	}
	all()
	if got := testing.AllocsPerRun(1000, all); got > 0 {
		t.Errorf("got %v allocations for three documents, want 0", got)
	}
}

// What finds a field at a document's end by its bytes finds what a parser does.
func FuzzLastMember(f *testing.F) {
	f.Add([]byte(`{"a":{"service.name":"x"},"service.name":"y"}`))
	f.Add([]byte(`{"a":"\",\"service.name\":\"x","service.name":"y","z":{}}`))
	f.Add([]byte(`{"a\",\"service.name":"x"}`))
	f.Add([]byte(`{"service.name":"a\"b"}`))
	f.Add([]byte(`{"a":["service.name","x"],"service.name":"y}"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		value, ok := lastMember(text, []byte(`"service.name":"`))
		if !ok {
			return
		}
		raw, found := jsonscan.Get(text, "service.name")
		if strings.Count(string(text), "service.name") > 1 { // of a key that is there twice either will do: no document has one
			jsonscan.Each(text, func(key, v []byte) bool {
				if string(key) == "service.name" {
					raw = v
				}
				return string(raw) != `"`+string(value)+`"`
			})
		}
		if !found || string(raw) != `"`+string(value)+`"` {
			t.Errorf("%s: got %q, want %s", text, value, raw)
		}
	})
}
