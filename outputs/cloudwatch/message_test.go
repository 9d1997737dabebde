package cloudwatch

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestMessages(t *testing.T) {
	document := `{"message":"caf\u00e9 \"q\"\n","n":5,"empty":"","none":null,"ok":true,"error":{"type":"E"},"_aws":{"Timestamp":1}}`
	metric := `{"message":"x","_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Metrics":[{"Name":"latency"}],"Dimensions":[[]]}]},"latency":5}`
	tests := []struct{ name, field, doc, want string }{
		{"by default the document", "", document, document},
		{"a field, as text", "message", document, "café \"q\"\n"},
		{"a number", "n", document, "5"},
		{"true", "ok", document, "true"},
		{"an object", "error", document, `{"type":"E"}`},
		{"a nested field", "error.type", document, "E"},
		{"a field that is not there", "other", document, document},
		{"an empty field, which the service would refuse", "empty", document, document},
		{"null", "none", document, document},
		{"the embedded metric format passes untouched", "message", metric, metric},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) { c.Message = tt.field })
			docs := []event.Doc{docAt(noon, 0, "with \"quotes\""), {JSON: []byte(tt.doc), Time: noon.UnixMilli(), Retention: "audit"}}
			if err := b.Send(t.Context(), outputtest.Request(t, b.Output, docs)); err != nil {
				t.Fatalf("send: %v", err)
			}
			if got := b.stored()[0]; got != tt.want { // /sluice/generic/audit
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAnEmptyFieldAmongOthersIsNoEmptyEvent(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) { c.Message = "message" })
	if err := try(t, b, []event.Doc{docAt(noon, 0, "\"quoted\""), docAt(noon, 1, "")}); err != nil {
		t.Fatalf("send: %v", err)
	}
	if got, want := fmt.Sprint(b.stored()), `["quoted" {"message":"","service.name":"s","host.name":"h","n":1}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLargeDocumentsAreCut(t *testing.T) {
	const limit = 4096
	long := strings.Repeat("日本 \"q\" \\ \U0001f600", 2000)
	tests := []struct {
		name, doc string
		isJSON    bool
	}{
		{"in their message", `{"a":1,"message":` + string(quoted(long)) + `,"n":7}`, true},
		{"in their message, whose escapes stay whole", `{"message":"` + strings.Repeat(`\ud83d\ude00`, 2000) + `","n":7}`, true},
		{"at their end, if another field is the long one", `{"message":"short","other":` + string(quoted(long)) + `,"n":7}`, false},
		{"at their end, if they are no document", long, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := cutText([]byte(tt.doc), limit)
			if len(got) > limit || len(got) < limit-16 {
				t.Errorf("got %d bytes, want %d or a few less", len(got), limit)
			}
			if mark := fmt.Sprintf("[cut by sluice: %d bytes]", len(tt.doc)); !strings.Contains(string(got), mark) {
				t.Errorf("got %q, want the mark %s", got[len(got)-80:], mark)
			}
			if !utf8.Valid(got) {
				t.Error("a character is divided")
			}
			var doc struct {
				N       int
				Message string
			}
			err := json.Unmarshal(got, &doc)
			if tt.isJSON && (err != nil || doc.N != 7 || strings.Contains(doc.Message, "\ufffd")) {
				t.Errorf("got %+v, %v, want a document with all but a part of its message", doc, err)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add(`{"message":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\u00e9\ud83d\ude00","n":1}`, 70)
	f.Add("日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本", 64)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 64 || len(text) <= limit || !utf8.ValidString(text) {
			return
		}
		got := cutText([]byte(text), limit)
		if len(got) > limit || !utf8.Valid(got) {
			t.Errorf("%q cut to %d: got %q", text, limit, got)
		}
		if _, inMessage := json.Marshal(text); inMessage == nil && json.Valid([]byte(text)) && strings.HasSuffix(string(got), "}") && !json.Valid(got) {
			t.Errorf("%q cut to %d: got %q, which is no document", text, limit, got)
		}
	})
}

func TestLargeDocumentsAreSplit(t *testing.T) {
	text := strings.Repeat("日本 text ", 3000)
	parts := splitText([]byte(text), 4096, "0123456789abcdef-1048576-575.0")
	var joined string
	for i, part := range parts {
		head := fmt.Sprintf("[sluice %d/%d 0123456789abcdef-1048576-575.0] ", i+1, len(parts))
		rest, ok := strings.CutPrefix(string(part), head)
		if !ok || len(part) > 4096 || !utf8.ValidString(rest) {
			t.Fatalf("part %d: got %d bytes, %.80q, want the head %q", i, len(part), part, head)
		}
		joined += rest
	}
	if joined != text {
		t.Error("the parts joined are not the text")
	}
}

func TestWhatIsLargeArrivesByItsRule(t *testing.T) {
	for _, rule := range []string{onLargeCut, onLargeSplit} {
		t.Run(rule, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) { c.OnLarge = rule })
			docs := []event.Doc{docAt(noon, 0, "small"), docAt(noon, 1, strings.Repeat("a", 2500000)), docAt(noon, 2, "small")}
			if err := try(t, b, docs); err != nil {
				t.Fatalf("send: %v", err)
			}
			want := map[string]int{onLargeCut: 3, onLargeSplit: 5}[rule]
			if got := len(b.stored()); got != want {
				t.Errorf("got %d events, want %d", got, want)
			}
			if got := value(t, b.metrics.large); got != 1 {
				t.Errorf("large documents: got %v, want 1", got)
			}
		})
	}
}

// A part of a document is no document: all of it is sent again.
func TestASplitDocumentIsTakenOnceAllItsPartsAre(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) { c.OnLarge = onLargeSplit })
	b.sim.Make("/sluice/s/audit", 0, "h")
	b.sim.Next("PutLogEvents", cwsim.Fault{}, cwsim.Fault{Status: 400, Kind: "ThrottlingException"})
	err := try(t, b, []event.Doc{docAt(noon, 0, strings.Repeat("a", 1500000))})
	if kindOf(err) != "throttled" {
		t.Errorf("got %v, want Throttled", err)
	}
}
